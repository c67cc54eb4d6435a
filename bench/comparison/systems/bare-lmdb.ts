/** The floor: an LMDB that the driver itself opens. There is no other process. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../cli/package-root.ts";
import type { System } from "../system.ts";

export class BareLmdbSystem implements System {
  readonly version: string;
  readonly durability = "fdatasync of one file";
  readonly processes: readonly number[] = [];
  readonly #parent: string;
  #directory: string | undefined;

  constructor(parent: string) {
    this.#parent = parent;
    const manifest = readFileSync(join(packageRoot, "node_modules/lmdb/package.json"), "utf8");
    this.version = `lmdb ${(JSON.parse(manifest) as { readonly version: string }).version}`;
  }

  get endpoints(): readonly string[] {
    return [join(this.#directory ?? "", "data")];
  }

  async start(): Promise<void> {
    mkdirSync(this.#parent, { recursive: true });
    this.#directory = mkdtempSync(join(this.#parent, "bench-lmdb-"));
  }

  load(write: () => Promise<void>): Promise<void> {
    return write();
  }

  pause(): void {
    // Nothing of it runs while its driver does not.
  }

  async resume(): Promise<void> {
    // Its driver opens it.
  }

  async stop(): Promise<void> {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }
}
