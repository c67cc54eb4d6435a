/** The tests' own way into a browser. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { describeInBrowser, findChromium, withPage } from "./support/chromium.ts";

describe("finding Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "synod-chromium-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("CHROME_PATH wins over PATH, and what it names must exist", () => {
    const program = join(folder, "google-chrome");
    writeFileSync(program, "");
    expect(findChromium({ PATH: folder })).toBeUndefined();
    chmodSync(program, 0o755);
    expect(findChromium({ PATH: `/nowhere:${folder}` })).toBe(program);
    expect(findChromium({ PATH: "/nowhere", CHROME_PATH: program })).toBe(program);
    expect(() => findChromium({ PATH: folder, CHROME_PATH: join(folder, "none") })).toThrow("none");
  });
});

describeInBrowser("a page", () => {
  test("runs scripts, and what goes wrong in it is collected", async () => {
    await withPage(async (page, problems) => {
      await page.setContent("<p>hello</p>");
      expect(await page.$eval("p", (element) => element.textContent)).toBe("hello");
      expect(problems.all).toEqual([]);
      await page.evaluate(() => {
        console.error("said so");
        setTimeout(() => {
          throw new Error("uncaught");
        });
      });
      await expect
        .poll(() => problems.all)
        .toEqual(["said so", expect.stringContaining("uncaught")]);
    });
  });
});
