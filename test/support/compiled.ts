/**
 * The sources as JavaScript, for what cannot run them as they are: worker threads, child processes and long
 * simulations. Each state of the sources is compiled once, before the first test.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, "node_modules", ".cache", "synod-compiled");

const folders = [
  "machines",
  "kv",
  "infra",
  "actors",
  "client",
  "cli",
  "server",
  "sim",
  "bench",
  "test",
];
/** Is built in its own way, and then lies beside the others. */
const page = "web";

let compiled: string | undefined;

/** Where a source file, named from the repository's root, lies compiled. */
export function compiledPath(source: string): string {
  compiled ??= compileOnce();
  return join(compiled, source.replace(/\.ts$/, ".js"));
}

/** Answers with the folder that holds the compiled sources. */
export function compileOnce(): string {
  const target = join(cache, fingerprint());
  if (existsSync(target)) return target;
  const building = join(cache, `building-${process.pid}`);
  try {
    compileInto(building);
    for (const name of readdirSync(cache)) {
      if (!name.startsWith("building-"))
        rmSync(join(cache, name), { recursive: true, force: true });
    }
    renameSync(building, target);
  } catch (failure) {
    rmSync(building, { recursive: true, force: true });
    if (!existsSync(target)) throw failure;
  }
  return target;
}

function compileInto(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const project = join(folder, "tsconfig.json");
  const include = folders.map((name) => join(root, name));
  const compilerOptions = { rootDir: root, outDir: folder, declaration: false, noCheck: true };
  writeFileSync(
    project,
    JSON.stringify({ extends: join(root, "tsconfig.json"), include, compilerOptions }),
  );
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [compiler, "-p", project], { stdio: "pipe" });
  const pageBuilder = join(root, "scripts", "build-page.mjs");
  execFileSync(process.execPath, [pageBuilder, join(folder, page)], { stdio: "pipe" });
}

function fingerprint(): string {
  const hash = createHash("sha256");
  for (const folder of [...folders, page]) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      const path = join(root, folder, name);
      const { mtimeMs, size } = statSync(path);
      hash.update(`${path} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest("hex").slice(0, 16);
}
