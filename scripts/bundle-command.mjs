// The `synod` command as a few files, in place of the hundreds of modules that a process would look for and load one by one.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Two levels below the package's compiled files, as the sources are that name others from where they stand. */
const chunks = "cli/chunks";

/** What packages of CommonJS call for Node's own modules. */
const requireFromHere = `import { createRequire as requireFrom } from "node:module";
const require = requireFrom(import.meta.url);`;

/** Beside the compiled sources in this folder, whose `cli/main.js` it replaces. */
export async function bundleCommand(folder) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      "cli/main": "cli/main.ts",
      // Threads begin with files of their own.
      [`${chunks}/lmdb-worker`]: "infra/state-store/lmdb-worker.ts",
      [`${chunks}/seed-thread`]: "sim/command/seed-thread.ts",
    },
    outdir: folder,
    chunkNames: `${chunks}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    banner: { js: requireFromHere },
    // Native code is found from where its package lies.
    external: ["lmdb", "msgpackr-extract"],
    metafile: true,
    logLevel: "warning",
  });
  const packages = new Set();
  for (const path of Object.keys(metafile.inputs)) {
    const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
    if (name !== undefined) packages.add(name);
  }
  const notices = [...packages].map((name) => `${name}\n\n${licenceOf(name)}`);
  writeFileSync(join(folder, chunks, "licences.txt"), notices.join(`\n${"-".repeat(80)}\n\n`));
}

/** Whoever passes a package's code on passes on its licence. */
function licenceOf(name) {
  const folder = join(root, "node_modules", name);
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (file !== undefined) return readFileSync(join(folder, file), "utf8");
  const { license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${license}, ${typeof author === "string" ? author : (author?.name ?? name)}\n`;
}
