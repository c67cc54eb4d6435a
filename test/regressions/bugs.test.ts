/** Rows of the table of bugs are of this history, and say what they have to. `npm run bugs:verify` runs their seeds. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bugs } from "./bugs.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** What is not the product. */
const beside = /^(sim|test|docs|scripts|bench|examples|charts)\/|^[^/]+$/;

test("every row names a fix, a check, a seed if there is one, and a scenario that there is", () => {
  expect(new Set(bugs.map(({ fix }) => fix)).size).toBe(bugs.length);
  for (const { what, options, check, scenario } of bugs) {
    expect(what).toMatch(/^[A-Z].+\.$/);
    if (options !== undefined) expect(options).toContain("--seed");
    expect(check).not.toBe("");
    expect(existsSync(`${root}/test/scenarios/${scenario}.txt`), scenario).toBe(true);
  }
});

test.skipIf(!hasHistory())("every fix is in this history and changes the product", () => {
  for (const { fix, simulator } of bugs) {
    for (const commit of [fix, simulator ?? fix]) {
      expect(git("merge-base", "--is-ancestor", commit, "HEAD").status, commit).toBe(0);
    }
    const changed = git("show", "--name-only", "--format=", fix).stdout.trim().split("\n");
    expect(changed.filter((file) => !beside.test(file)).length, fix).toBeGreaterThan(0);
  }
});

function hasHistory(): boolean {
  if (!existsSync(`${root}/.git`)) return false;
  return git("rev-parse", "--is-shallow-repository").stdout.trim() === "false";
}

function git(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
} {
  return spawnSync("git", args, { cwd: root, encoding: "utf8" });
}
