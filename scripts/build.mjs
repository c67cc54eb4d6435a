// Compiles the sources into dist/, starting from an empty folder so that a deleted file leaves nothing behind.
import { chmodSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bundleCommand } from "./bundle-command.mjs";
import { bundleForBrowsers } from "./bundle-for-browsers.mjs";
import { buildPage } from "./build-page.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
const built = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (built.status !== 0) process.exit(built.status ?? 1);
await bundleCommand(`${root}/dist`);
chmodSync(new URL("../dist/cli/main.js", import.meta.url), 0o755);
await bundleForBrowsers(`${root}/dist/browser/synod.js`);
await buildPage(`${root}/dist/web`);
