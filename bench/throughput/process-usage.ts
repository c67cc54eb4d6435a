/** What the system has counted for a process: CPU time of all its threads, and memory that no file backs. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessUsage {
  readonly cpuMs: number;
  readonly anonymousBytes: number;
}

/** The kernel shows CPU time in this unit to programs on every architecture that Node runs on. */
const clockTickMs = 10;

/** Linux only. */
export function usageOf(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The program's name, in parentheses, may contain blanks; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const anonymous = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * clockTickMs,
    anonymousBytes: Number(anonymous) * 1024,
  };
}

/** Of several processes together. */
export function usageOfAll(pids: readonly number[]): ProcessUsage {
  let cpuMs = 0;
  let anonymousBytes = 0;
  for (const pid of pids) {
    const usage = usageOf(pid);
    cpuMs += usage.cpuMs;
    anonymousBytes += usage.anonymousBytes;
  }
  return { cpuMs, anonymousBytes };
}

/** How often all threads of those processes have given up or lost their core. */
export function contextSwitchesOfAll(pids: readonly number[]): number {
  let switches = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
      for (const [, count] of status.matchAll(/_ctxt_switches:\s+(\d+)/g)) {
        switches += Number(count);
      }
    }
  }
  return switches;
}

/** CPU time of everything that runs on the machine. */
export function machineCpuMs(): number {
  const [user = 0, nice = 0, system = 0, , , hardInterrupts = 0, softInterrupts = 0] =
    /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]?.split(" ").map(Number) ?? [];
  return (user + nice + system + hardInterrupts + softInterrupts) * clockTickMs;
}
