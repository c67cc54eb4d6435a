/** What docs/client.md says about errors is what the error table says. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorTable } from "../../infra/errors/error-table.ts";

test("docs/client.md lists every code as it is", () => {
  const guide = readFileSync(new URL("../../docs/client.md", import.meta.url), "utf8");
  const rows = [...guide.matchAll(/^\| `([A-Z_]+)` +\| ([a-z ]+?) +\| (yes|no) +\| (.*?) +\|$/gm)];
  const listed = rows.map(([, code, outcome, retryable, nextStep]) => ({
    code,
    outcome,
    retryable: retryable === "yes",
    nextStep,
  }));
  const expected = Object.entries(errorTable).map(([code, meaning]) => ({ code, ...meaning }));
  expect(listed).toEqual(expected);
});
