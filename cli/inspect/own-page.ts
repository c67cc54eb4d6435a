/** Synod's own page, which needs nothing from elsewhere: built from web/, and read once when the server starts. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../package-root.ts";
import type { Route } from "./route.ts";

const files: readonly (readonly [path: string, name: string, contentType: string])[] = [
  ["/", "index.html", "text/html; charset=utf-8"],
  ["/page.js", "page.js", "text/javascript; charset=utf-8"],
  ["/page.css", "page.css", "text/css; charset=utf-8"],
  ["/icon.svg", "icon.svg", "image/svg+xml"],
];

/** Beside the compiled command; from the sources it is the one that was built last. */
const folders = [
  fileURLToPath(new URL("../../web", import.meta.url)),
  join(packageRoot, "dist", "web"),
];

export function ownPage(
  folder = folders.find((each) => existsSync(join(each, "page.js"))),
): readonly Route[] {
  if (folder === undefined) {
    throw new Error("the page of synod inspect is not there: build it with `npm run build`");
  }
  return files.map(([path, name, contentType]) => ({
    path,
    contentType,
    body: readFileSync(join(folder, name)),
  }));
}
