import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { GuardedChild } from "../../infra/processes/guarded-child.ts";
import { compiledPath } from "../support/compiled.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { isGone, waitUntil } from "../support/wait-until.ts";

interface Ended {
  readonly lines: readonly string[];
  readonly reason: string;
}

function runScript(script: string, stopTimeoutMs = 5_000) {
  const lines: string[] = [];
  let child: GuardedChild | undefined;
  const ended = new Promise<Ended>((resolve) => {
    child = new GuardedChild(
      {
        command: process.execPath,
        args: ["-e", script],
        stopTimeoutMs,
        onLine: (line, stream) => lines.push(`${stream}: ${line}`),
      },
      systemClock,
      (reason) => resolve({ lines, reason }),
    );
  });
  if (child === undefined) throw new Error("the promise's body runs at once");
  return { child, lines, ended };
}

test("the guard becomes the program: process id and exit code are the program's own", async () => {
  const { child, ended } = runScript("console.log(process.pid); process.exitCode = 7");
  const { lines, reason } = await ended;
  expect(lines).toEqual([`stdout: ${String(child.pid)}`]);
  expect(reason).toBe("exit code 7");
});

test("all output is delivered before the end is reported, also a last line without line end", async () => {
  const { ended } = runScript(
    'for (let i = 0; i < 5000; i++) console.log("line", i); process.stderr.write("last words")',
  );
  const { lines } = await ended;
  expect(lines.filter((line) => line.startsWith("stdout"))).toHaveLength(5000);
  expect(lines).toContain("stderr: last words");
});

test("a program that cannot be found ends at once with the shell's words", async () => {
  const lines: string[] = [];
  const reason = await new Promise<string>((resolve) => {
    void new GuardedChild(
      {
        command: "/no/such/program",
        args: [],
        stopTimeoutMs: 1_000,
        onLine: (line) => lines.push(line),
      },
      systemClock,
      resolve,
    );
  });
  expect(reason).toBe("exit code 127");
  expect(lines.join("\n")).toContain("/no/such/program");
});

test("a program that ignores SIGTERM is killed when its time is up", async () => {
  const { child, lines, ended } = runScript(
    'process.on("SIGTERM", () => console.log("no")); setInterval(() => {}, 1000); console.log("up")',
    100,
  );
  await waitUntil("the program reports that it is up", () => lines.includes("stdout: up"));
  child.stop();
  const { reason } = await ended;
  expect(reason).toBe("killed by SIGKILL");
  expect(lines).toContain("stdout: no");
});

test("arguments reach the program unchanged, whatever a shell would make of them", async () => {
  const args = ["$HOME", "a b", "'", '"', "`id`", "\\", "*", ""];
  const lines: string[] = [];
  await new Promise<string>((resolve) => {
    void new GuardedChild(
      {
        command: process.execPath,
        args: ["-e", "console.log(JSON.stringify(process.argv.slice(1)))", "--", ...args],
        stopTimeoutMs: 1_000,
        onLine: (line) => lines.push(line),
      },
      systemClock,
      resolve,
    );
  });
  expect(JSON.parse(lines[0] ?? "")).toEqual(args);
});

/** Starts a parent process which starts a guarded child; answers with both ids. */
async function startParent(childScript: string) {
  const parent = spawn(
    process.execPath,
    [compiledPath("test/processes/guarded-parent.ts"), childScript],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  parent.stdout.setEncoding("utf8");
  parent.stdout.on("data", (text: string) => (output += text));
  await waitUntil("the guarded child says its process id", () => output.includes("\n"));
  return { parent, childPid: Number(output) };
}

test("a child does not outlive a parent that is killed", async () => {
  const { parent, childPid } = await startParent("setInterval(() => {}, 1000)");
  expect(isGone(childPid)).toBe(false);
  parent.kill("SIGKILL");
  await waitUntil("the child ends after its parent was killed", () => isGone(childPid));
});

test("a child that ignores SIGTERM does not outlive a parent that is killed", async () => {
  const { parent, childPid } = await startParent(
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)',
  );
  parent.kill("SIGKILL");
  await waitUntil("the child is killed after its parent was", () => isGone(childPid));
});
