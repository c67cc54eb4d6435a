import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findDevNote, NoteKeeper } from "../../cli/dev/dev-note.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synod-note-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const note = {
  pid: process.pid,
  cluster: "demo",
  prefix: "synod",
  servers: ["nats://127.0.0.1:4222"],
  directory: "/elsewhere/demo",
  processes: {},
};

test("a note is found from below, and leaves no empty directory behind", () => {
  const keeper = new NoteKeeper(directory);
  expect(keeper.keep(note)).toBe(true);
  expect(findDevNote(join(directory, "below", "that"))).toMatchObject(note);
  keeper.remove();
  expect(existsSync(join(directory, ".synod"))).toBe(false);
});

test("what else lies beside the note stays when it goes", () => {
  const keeper = new NoteKeeper(directory);
  keeper.keep(note);
  writeFileSync(join(directory, ".synod", "data"), "");
  keeper.remove();
  expect(existsSync(join(directory, ".synod", "data"))).toBe(true);
  expect(findDevNote(directory)).toBeUndefined();
});

test("where no note can be written, a cluster does without", () => {
  writeFileSync(join(directory, ".synod"), "in the way");
  const keeper = new NoteKeeper(directory);
  expect(keeper.keep(note)).toBe(false);
  keeper.remove();
  expect(existsSync(join(directory, ".synod"))).toBe(true);
});
