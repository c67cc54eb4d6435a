/** Where this package lies: the files that are shipped beside the code are found from here. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Manifest {
  readonly name?: string;
  readonly version?: string;
}

function findPackage(): { readonly folder: string; readonly manifest: Manifest } {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const path = join(folder, "package.json");
    if (existsSync(path)) {
      const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
      if (manifest.name === "synod") return { folder, manifest };
    }
    const above = dirname(folder);
    if (above === folder) throw new Error("the synod package around this file is incomplete");
    folder = above;
  }
}

const found = findPackage();

export const packageRoot = found.folder;
export const synodVersion = found.manifest.version ?? "unknown";
