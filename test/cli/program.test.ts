import { tmpdir } from "node:os";
import { CommanderError, type Command } from "commander";
import { expect, test } from "vitest";
import { synodProgram } from "../../cli/program.ts";
import { silentScreen } from "./support/silent-screen.ts";
import { runSynod } from "./support/synod.ts";

interface Written {
  stdout: string;
  stderr: string;
}

/** Commander's part of a command: its words, and the error it ends with. No command is carried out. */
async function commanding(args: readonly string[]): Promise<Written & { exitCode: number }> {
  const written: Written = { stdout: "", stderr: "" };
  const program = await synodProgram(silentScreen);
  for (const command of [program, ...program.commands]) capture(command, written);
  try {
    await program.parseAsync(["node", "synod", ...args]);
  } catch (failure) {
    if (failure instanceof CommanderError) return { ...written, exitCode: failure.exitCode };
    throw failure;
  }
  throw new Error(`${args.join(" ")} was carried out`);
}

function capture(command: Command, written: Written): void {
  command.configureOutput({
    writeOut: (text) => void (written.stdout += text),
    writeErr: (text) => void (written.stderr += text),
  });
}

const commands = [
  "dev",
  "start",
  "status",
  "regions",
  "inspect",
  "put",
  "get",
  "del",
  "range",
  "watch",
  "incr",
  "txn",
  "import",
  "export",
  "doctor",
  "completion",
];

test.each(commands)("%s explains itself with examples", async (command) => {
  const { exitCode, stdout } = await commanding([command, "--help"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`Usage: synod ${command}`);
  expect(stdout).toMatch(new RegExp(`Examples:\n.*synod ${command}`));
  expect(stdout).toContain("Exit codes:");
});

test("the overview lists every command and the exit codes", async () => {
  const { stdout } = await commanding(["--help"]);
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  expect(stdout).toContain("Exit codes:");
});

test.each([
  [["frob"], "unknown command 'frob'"],
  [["stats"], "Did you mean status?"],
  [["help", "frob"], "unknown command 'frob'"],
  [["put"], "missing required argument 'key'"],
  [["put", "a", "b", "c"], "too many arguments"],
  [["get", "a", "--bukket", "b"], "Did you mean --bucket?"],
  [["put", "a", "b", "--ttl", "5"], "Write a number and a unit"],
  [["put", "a", "b", "--revision", "-1"], "Write a whole number from 0 up"],
  [["incr", "a", "1.5"], "Write a whole number"],
  [["incr", "a", "99999999999999999"], "Write a whole number"],
  [["range", "--raw", "--keys"], "cannot be used with option '--keys'"],
  [["watch", "--cursor", "x", "--from-revision", "1"], "cannot be used with option"],
  [["status", "--watch", "--check"], "cannot be used with option"],
  [["dev", "--nodes", "4"], "It is 1, 3, 5 or 7."],
  [["dev", "--port", "0"], "A port is a number from 1 to 65535."],
  [["get", "a", "--color", "pink"], "Allowed choices are auto, always, never."],
  [["completion", "tcsh"], "Allowed choices are bash, zsh, fish."],
  [["start"], "required option '--node <name>' not specified"],
])("%j is refused", async (args, message) => {
  const { exitCode, stderr } = await commanding(args);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain(message);
  expect(stderr).toContain("(--help tells how it is used)");
});

test.each([
  [["get", "--json"], "missing required argument 'key'"],
  [["--color", "never", "frob", "--json"], "unknown command 'frob'"],
  [["get", "a", "--timeout", "5", "--json"], "Write a number and a unit"],
])("with --json a wrong command line is an object: %j", async (args, message) => {
  const { code, stdout, stderr } = await runSynod(args, { directory: tmpdir() });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(JSON.parse(stderr)).toMatchObject({
    error: {
      code: "BAD_REQUEST",
      outcome: "not executed",
      message: expect.stringContaining(message),
    },
  });
});
