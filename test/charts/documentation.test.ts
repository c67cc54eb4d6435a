/** docs/machines.md and its pictures show the machines as they are. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { drawChart } from "../../charts/draw.ts";
import { machinesPage } from "../../charts/machines-page.ts";
import { machines } from "../../machines/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const renew = "is not current: run `npm run docs:machines`";

test("the page is current", async () => {
  const written = readFileSync(`${root}/docs/machines.md`, "utf8");
  expect(written === (await machinesPage(machines, root)), `docs/machines.md ${renew}`).toBe(true);
});

test.each(machines)("the picture of $id is current", async ({ id, config }) => {
  const written = readFileSync(`${root}/docs/images/machines/${id}.svg`, "utf8");
  expect(written === (await drawChart(config)), `the picture of ${id} ${renew}`).toBe(true);
});
