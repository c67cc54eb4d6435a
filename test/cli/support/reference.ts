/** What docs/cli.md says about commands, options and exit codes, from the code. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Command, Option } from "commander";
import { connectionHelp } from "../../../cli/connection/connection-options.ts";
import { exitCodeHelp, exitCodeMeanings } from "../../../cli/output/exit-codes.ts";
import { synodProgram } from "../../../cli/program.ts";
import { silentScreen } from "./silent-screen.ts";

const program = await synodProgram(silentScreen);

export const commands: readonly Command[] = program.createHelp().visibleCommands(program);

export function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

/** The page as it should be: with what stands between its marks made anew. */
export function withGenerated(page: string): string {
  return Object.entries(generated).reduce(
    (text, [name, make]) =>
      text.replace(
        new RegExp(`(<!-- generated: ${name} -->\n)[^]*?(<!-- end -->)`),
        (_, begin: string, end: string) => `${begin}\n${make()}\n\n${end}`,
      ),
    page,
  );
}

const generated: Readonly<Record<string, () => string>> = {
  connection: () => fenced(connectionBlock()),
  "exit codes": () => table(exitCodeMeanings.map(([code, meaning]) => [String(code), meaning])),
  commands: () =>
    commands
      .filter((command) => command.name() !== "help")
      .map((command) => `### synod ${command.name()}\n\n${fenced(manual(command))}`)
      .join("\n\n"),
};

function connectionBlock(): string {
  const [get] = commands.filter((command) => command.name() === "get");
  const block = get === undefined ? undefined : blocksOf(helpOf(get)).find(isConnection);
  if (block === undefined) throw new Error("get has no options for its connection");
  return block.split("\n").slice(1).join("\n");
}

/** Without what all of them have in common. */
function manual(command: Command): string {
  const own = helpOf(command).replace(connectionHelp, "").replace(exitCodeHelp, "");
  return blocksOf(own)
    .filter((block) => !isConnection(block) && !block.startsWith("Global Options:"))
    .join("\n\n")
    .replace(/\n.*-h, --help .*/, "")
    .replace(/^Options:\n\n/m, "")
    .trimEnd();
}

function isConnection(block: string): boolean {
  return block.startsWith("Connection:");
}

function blocksOf(text: string): string[] {
  return text.split(/\n{2,}/).map((block) => block.replace(/^\n|\n$/g, ""));
}

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (written) => void (text += written),
    getOutHelpWidth: () => 110,
  });
  command.outputHelp();
  return text.trimEnd();
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const meanings = rows.map(([, meaning]) => meaning.length);
  const widest = Math.max("meaning".length, ...meanings);
  const line = (code: string, meaning: string) =>
    `| ${code.padStart(4)} | ${meaning.padEnd(widest)} |`;
  return [
    line("code", "meaning"),
    `| ---: | ${"-".repeat(widest)} |`,
    ...rows.map(([code, meaning]) => line(code, meaning)),
  ].join("\n");
}

const path = new URL("../../../docs/cli.md", import.meta.url);

export function readPage(): string {
  return readFileSync(path, "utf8");
}

export function writePage(page: string): void {
  writeFileSync(path, page);
}
