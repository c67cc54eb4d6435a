/** A real log on a disk that begins to fail. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compiler, failingDisk } from "../cluster/support/failing-disk.ts";
import { compiledPath } from "../support/compiled.ts";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synod-failing-disk-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const kinds = ["records", "rotation", "promise", "promise and birth"];
const disks = { "every flush": {}, "the last write of a commit": { FAILING_WRITES: "1" } };
const cases = Object.entries(disks).flatMap(([what, environment]) =>
  kinds.map((kind) => ({ what, environment, kind })),
);

test.skipIf(compiler === undefined).each(cases)(
  "when $what begins to fail, all that is under way is told so once, and the store closes: $kind",
  async ({ environment, kind }) => {
    const child = compiledPath("test/log-store/failing-disk-child.ts");
    const preloaded = failingDisk(directory, join(directory, "fails"));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [child, join(directory, "n1"), kind],
      { env: { ...process.env, ...preloaded, ...environment }, timeout: 30_000 },
    );
    expect(JSON.parse(stdout)).toEqual({ before: 40, succeeded: 40, wrong: 0, end: "closed" });
  },
);
