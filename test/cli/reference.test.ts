/** docs/cli.md says what the code says: every command, option, exit code and variable of the environment. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { exitCode, exitCodeMeanings } from "../../cli/output/exit-codes.ts";
import { errorTable } from "../../infra/errors/error-table.ts";
import { commands, optionsOf, readPage, withGenerated, writePage } from "./support/reference.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("what is made from the code is current: UPDATE_DOCS=1 writes it anew", () => {
  const made = withGenerated(readPage());
  if (process.env["UPDATE_DOCS"] === "1") writePage(made);
  expect(readPage()).toBe(made);
});

test.each(commands.map((command) => [command.name(), command] as const))(
  "%s and its options stand there",
  (name, command) => {
    const page = readPage();
    if (name !== "help") expect(page).toContain(`### synod ${name}\n`);
    const missing = optionsOf(command).filter(({ long }) => !page.includes(long ?? ""));
    expect(missing.map(({ flags }) => flags)).toEqual([]);
  },
);

test("every exit code has its line", () => {
  const codes = exitCodeMeanings.map(([code]) => code);
  expect(codes).toEqual(Object.values(exitCode));
});

test("every variable that is read stands there", () => {
  const page = readPage();
  const files = readdirSync(join(root, "cli"), { recursive: true, encoding: "utf8" });
  const sources = files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, "cli", file), "utf8"));
  const read = sources.join("\n").matchAll(/\b(?:SYNOD|NATS)_[A-Z]+(?:_[A-Z]+)*\b|\bNO_COLOR\b/g);
  const names = new Set([...read].map(([name]) => name));
  // What `dev` passes to the server that it starts.
  const passedOn = ["SYNOD_NATS_HOST", "SYNOD_NATS_PORT", "SYNOD_NATS_WEBSOCKET_LISTEN"];
  expect(names.size).toBeGreaterThan(10);
  const missing = [...names].filter((name) => !page.includes(name) && !passedOn.includes(name));
  expect(missing).toEqual([]);
});

test("errors it shows are those of the table", () => {
  const shown = [...readPage().matchAll(/\(([A-Z_]+), not executed\)/g)].map(([, code]) => code);
  expect(shown.length).toBeGreaterThan(0);
  for (const code of shown) expect(Object.keys(errorTable)).toContain(code);
});
