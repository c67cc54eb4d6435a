/** TAB, as the shells that are installed here ask for it. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { candidatesFor } from "../../cli/completion/candidates.ts";
import { shells, shellScripts, type Shell } from "../../cli/completion/shell-scripts.ts";
import { synodProgram } from "../../cli/program.ts";
import { compiledPath } from "../support/compiled.ts";
import { silentScreen } from "./support/silent-screen.ts";

const program = await synodProgram(silentScreen);

function values(...words: string[]): string[] {
  const known = { "--context": () => ["home", "work"] };
  return candidatesFor(program, words, known).candidates.map(({ value }) => value);
}

describe("what may stand next", () => {
  test("commands, as far as they are typed, and none that are hidden", () => {
    expect(values("st")).toEqual(["start", "status"]);
    expect(values("help", "ge")).toEqual(["get"]);
    expect(values("compl")).toEqual(["completion"]);
  });

  test("options of the command and of all commands, but none twice", () => {
    expect(values("get", "--")).toEqual(expect.arrayContaining(["--raw", "--bucket", "--color"]));
    expect(values("get", "--raw", "--ra")).toEqual([]);
    expect(values("get", "-b", "x", "--buck")).toEqual([]);
    expect(values("put", "--ra")).toEqual([]);
  });

  test("values of options, apart and behind an equals sign", () => {
    expect(values("get", "--color", "a")).toEqual(["auto", "always"]);
    expect(values("get", "--color=n")).toEqual(["--color=never"]);
    expect(values("get", "--context", "")).toEqual(["home", "work"]);
    expect(values("get", "--bucket", "")).toEqual([]);
  });

  test("arguments that have a fixed set, each in its place", () => {
    expect(values("completion", "--color", "never", "")).toEqual([...shells]);
    expect(values("completion", "bash", "")).toEqual([]);
  });

  test("files where a path belongs", () => {
    expect(candidatesFor(program, ["start", "--file", ""]).areFiles).toBe(true);
    expect(candidatesFor(program, ["start", "--node", ""]).areFiles).toBe(false);
    expect(candidatesFor(program, ["get", ""]).areFiles).toBe(false);
  });
});

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "synod-completion-"));
  mkdirSync(join(directory, "bin"));
  const command = join(directory, "bin", "synod");
  writeFileSync(
    command,
    `#!/bin/sh\nexec '${process.execPath}' '${compiledPath("cli/main.ts")}' "$@"\n`,
  );
  chmodSync(command, 0o755);
  writeFileSync(join(directory, "a topology.yaml"), "");
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Words as a shell gives them to a completion, in its own language. */
const asking: Readonly<Record<Shell, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) => [
    "--norc",
    "-c",
    `${shellScripts.bash}
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _synod; printf '%s\\n' "\${COMPREPLY[@]}"`,
    "bash",
    ...words,
  ],
  zsh: (words) => [
    "-f",
    "-c",
    `compdef() { : }; _files() { print -rl -- *.yaml }
      _describe() { print -rl -- "\${(@)\${(@P)4}%%:*}" }
      ${shellScripts.zsh}
      words=("$@"); CURRENT=$#words; _synod`,
    "zsh",
    ...words,
  ],
  fish: (words) => [
    "--no-config",
    "-c",
    `${shellScripts.fish}
      complete -C '${words.join(" ")}' | string replace -r '\\t.*' ''`,
  ],
};

/** As the shell itself offers them, in whatever order. */
function offered(shell: Shell, ...words: string[]): string[] {
  const path = `${join(directory, "bin")}:${process.env["PATH"]}`;
  const { stdout } = spawnSync(shell, asking[shell](words), {
    cwd: directory,
    env: { ...process.env, HOME: directory, PATH: path },
    encoding: "utf8",
  });
  return stdout.split("\n").filter(Boolean).toSorted();
}

describe.each(shells)("%s", (shell) => {
  const isInstalled = spawnSync(shell, ["-c", "exit"]).status === 0;

  test.skipIf(!isInstalled)("offers commands, options and values", () => {
    expect(offered(shell, "synod", "st")).toEqual(["start", "status"]);
    expect(offered(shell, "synod", "get", "--col")).toEqual(["--color"]);
    expect(offered(shell, "synod", "get", "--color", "")).toEqual(["always", "auto", "never"]);
    expect(offered(shell, "synod", "completion", "z")).toEqual(["zsh"]);
  });

  test.skipIf(!isInstalled)("offers files where they belong", () => {
    const [found] = offered(shell, "synod", "start", "--file", "a");
    expect(found?.replaceAll("\\", "")).toBe("a topology.yaml");
    expect(offered(shell, "synod", "get", "a")).toEqual([]);
  });
});

test("bash, which takes words apart at an equals sign, still offers the values behind one", () => {
  expect(offered("bash", "synod", "get", "--color", "=", "n")).toEqual(["never"]);
  expect(offered("bash", "synod", "get", "--color", "=")).toEqual(["always", "auto", "never"]);
});
