/** A real log on a disk that takes no more. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";

test("every append that a full disk fails is told so, and none ends the process", async () => {
  const directory = mkdtempSync(join(tmpdir(), "synod-full-disk-"));
  try {
    const child = compiledPath("test/log-store/full-disk-child.ts");
    const command = ['ulimit -f 1600; exec "$0" "$1" "$2"', process.execPath, child, directory];
    const { stdout } = await promisify(execFile)("sh", ["-c", ...command], { timeout: 30_000 });
    expect(stdout).toMatch(/^20 refused: the log could not be written: ./);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
