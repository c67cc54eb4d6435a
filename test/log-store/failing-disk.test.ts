/** A real log on a disk that begins to fail. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compiler, failingDisk } from "../cluster/support/failing-disk.ts";
import { compiledPath } from "../support/compiled.ts";
import { waitUntil } from "../support/wait-until.ts";

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
    const running = spawn(process.execPath, [child, join(directory, "n1"), kind], {
      env: { ...process.env, ...preloaded, ...environment },
      stdio: ["ignore", "pipe", "ignore"],
    });
    let said = "";
    let ended = false;
    running.on("close", () => (ended = true));
    running.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
    try {
      await waitUntil(
        "the child has said how it went, or has ended",
        () => said.endsWith("\n") || ended,
        30_000,
      );
    } finally {
      // When LMDB has lost its last page, the package waits for itself at the end of the process.
      running.kill("SIGKILL");
    }
    expect(said).toBe('{"before":40,"succeeded":40,"wrong":0,"end":"closed"}\n');
  },
);
