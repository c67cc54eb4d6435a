/** Making a directory with all that lie above it. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDirectory } from "../../infra/files/make-directory.ts";

let root = "";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "synod-directories-"));
});
afterAll(() => rmSync(root, { recursive: true }));

test("whatever lies above it is made as well, and what is there stays", () => {
  const path = join(root, "a", "b", "c");
  makeDirectory(path);
  writeFileSync(join(path, "file"), "x");
  makeDirectory(path);
  expect(statSync(join(path, "file")).size).toBe(1);
});

test("a refusal of the operating system is thrown", () => {
  writeFileSync(join(root, "file"), "x");
  expect(() => makeDirectory(join(root, "file"))).toThrow("EEXIST");
  expect(() => makeDirectory(join(root, "file", "below"))).toThrow(/ENOTDIR|EEXIST/);
});

test.runIf(process.platform === "linux")(
  "nothing is made under /proc, which is told at once",
  () => {
    expect(() => makeDirectory("/proc/nope")).toThrow("ENOENT");
    expect(() => makeDirectory("/proc/nope/below")).toThrow("ENOENT");
  },
);
