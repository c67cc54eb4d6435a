/** The version of this package. */
import { readFileSync } from "node:fs";

function readVersion(): string {
  // From dist/cli as well as from cli/: package.json lies beside whichever is run.
  for (const path of ["../package.json", "../../package.json"]) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as {
        readonly version: string;
      };
      return version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return "unknown";
}

export const synodVersion = readVersion();
