/** The charts of this version: what they define, and their pictures as they are shipped. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { machines } from "../../machines/index.ts";
import { packageRoot } from "../package-root.ts";

/** A literal config without its functions: what an editor or a page can show. */
export interface MachineDefinition {
  readonly id: string;
  readonly [part: string]: unknown;
}

export interface MachineChart {
  readonly config: MachineDefinition;
  /** A whole document; its parts have the ids `state-<name>` and `transition-<index>`. */
  readonly svg: string;
}

/** By the machine's id, in the order in which a reader meets them. */
export function machineCharts(): ReadonlyMap<string, MachineChart> {
  return new Map(
    machines.map((machine) => [
      machine.id,
      { config: definitionOf(machine), svg: readFileSync(pictureOf(machine.id), "utf8") },
    ]),
  );
}

export function definitionOf(machine: { readonly config: object }): MachineDefinition {
  return JSON.parse(JSON.stringify(machine.config)) as MachineDefinition;
}

function pictureOf(id: string): string {
  return join(packageRoot, "docs", "images", "machines", `${id}.svg`);
}
