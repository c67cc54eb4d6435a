/** `npm run docs:machines`: writes docs/machines.md and the pictures in it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { machines } from "../machines/index.ts";
import { drawChart } from "./draw.ts";
import { machinesPage } from "./machines-page.ts";

/** Compiled, this file lies one folder deeper. */
const root = fileURLToPath(new URL("../..", import.meta.url));

mkdirSync(`${root}/docs/images/machines`, { recursive: true });
for (const { id, config } of machines) {
  writeFileSync(`${root}/docs/images/machines/${id}.svg`, await drawChart(config));
}
writeFileSync(`${root}/docs/machines.md`, await machinesPage(machines, root));
