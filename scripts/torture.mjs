// Compiles the sources with the torture run into a folder of this run's own, and runs it from there.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const workshop = join(root, "node_modules", ".cache", `synod-torture-${process.pid}`);
const compiled = join(workshop, "product");
mkdirSync(compiled, { recursive: true });
process.on("exit", () => rmSync(workshop, { recursive: true, force: true }));

const folders = ["machines", "kv", "infra", "actors", "client", "cli", "server", "sim", "test"];
const project = join(workshop, "tsconfig.json");
writeFileSync(
  project,
  JSON.stringify({
    extends: join(root, "tsconfig.json"),
    include: folders.map((folder) => join(root, folder)),
    compilerOptions: {
      rootDir: root,
      outDir: compiled,
      declaration: false,
      sourceMap: false,
      noCheck: true,
    },
  }),
);
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
const built = spawnSync(process.execPath, [compiler, "-p", project], { stdio: "inherit" });
if (built.status !== 0) process.exit(built.status ?? 1);
await import(pathToFileURL(join(compiled, "test", "torture", "main.js")).href);
