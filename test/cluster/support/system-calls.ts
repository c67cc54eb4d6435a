/** What a node asked of its operating system, and when, as `strace` saw it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface SystemCall {
  readonly name: string;
  /** What it was given, as strace writes it: bytes that do not print are escaped. */
  readonly text: string;
  /** Seconds since 1970. */
  readonly startS: number;
  readonly endS: number;
}

const options = [
  // Beside the program, which stays the child of whoever starts it.
  "-D",
  "-f",
  "-ttt",
  "-T",
  "-y",
  "-s",
  "6000",
  "--seccomp-bpf",
  "-e",
  "trace=openat,fdatasync,write,writev,pwrite64,pwritev",
];

/** False where strace is missing, or may not look at other processes. */
export const canTrace = ((): boolean => {
  try {
    execFileSync("strace", [...options, "-o", "/dev/null", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** Shell words that make the program in `$@` write its calls to a file. */
export function traced(file: string): string {
  return `set -- strace ${options.join(" ")} -o '${file}' "$@"`;
}

/** In the order of their ends. */
export function callsIn(file: string): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  /** By thread: calls that other threads' calls were written in between of. */
  const unfinished = new Map<string, { readonly text: string; readonly startS: number }>();
  for (const line of readFileSync(file, "latin1").split("\n")) {
    const [, thread = "", time = "", rest = ""] = /^(\d+) +(\d+\.\d+) (.*)$/.exec(line) ?? [];
    const startS = Number(time);
    const [, name, text = ""] = /^(\w+)\((.*)$/.exec(rest) ?? [];
    const [, resumed] = /^<\.\.\. (\w+) resumed>/.exec(rest) ?? [];
    if (resumed !== undefined) {
      const begun = unfinished.get(thread);
      if (begun !== undefined) calls.push({ name: resumed, ...begun, endS: startS });
    } else if (name !== undefined && rest.endsWith("<unfinished ...>")) {
      unfinished.set(thread, { text, startS });
    } else if (name !== undefined) {
      const [, lasted = "0"] = /<(\d+\.\d+)>$/.exec(rest) ?? [];
      calls.push({ name, text, startS, endS: startS + Number(lasted) });
    }
  }
  return calls.toSorted((left, right) => left.endS - right.endS);
}
