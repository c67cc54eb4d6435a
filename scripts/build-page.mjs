// The page of `synod inspect`: its sources as one script and one style sheet, and the files beside them. `node scripts/build-page.mjs FOLDER`.
import { cpSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = fileURLToPath(new URL("../web", import.meta.url));

export async function buildPage(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of ["index.html", "icon.svg"]) {
    cpSync(`${web}/${name}`, `${folder}/${name}`);
  }
  await build({
    entryPoints: [
      { in: `${web}/main.ts`, out: "page" },
      { in: `${web}/page.css`, out: "page" },
    ],
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
  });
}

const [, program, folder] = process.argv;
if (program === fileURLToPath(import.meta.url)) {
  if (folder === undefined) throw new Error("say where to: node scripts/build-page.mjs FOLDER");
  await buildPage(folder);
}
