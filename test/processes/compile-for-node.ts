/** Compiles a source file and what it imports into a fresh folder, for tests whose parent process is plain Node. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `entry` is a path from the repository's root. The caller removes the returned folder. */
export function compileForNode(entry: string): { folder: string; compiledEntry: string } {
  const folder = mkdtempSync(join(tmpdir(), "synod-compiled-"));
  const project = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      outDir: folder,
      rootDir: root,
      types: [],
      noCheck: true,
      declaration: false,
    },
    files: [join(root, entry)],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const compiled = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
  if (compiled.status !== 0) throw new Error(`${entry} does not compile: ${compiled.stdout}`);
  return { folder, compiledEntry: join(folder, entry.replace(/\.ts$/, ".js")) };
}
