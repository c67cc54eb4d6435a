/** `synod inspect --export`: every machine for an editor, for a program, and as a picture. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../../infra/files/make-directory.ts";
import { editorFile } from "./editor-file.ts";
import { machineCharts } from "./machine-charts.ts";

/** Answers with the names of the files, which replace those of an earlier export. */
export async function exportMachines(directory: string): Promise<readonly string[]> {
  makeDirectory(directory);
  const written: string[] = [];
  for (const [id, { config, svg }] of machineCharts()) {
    const files = {
      [`${id}.ts`]: editorFile(config),
      [`${id}.json`]: `${JSON.stringify(config, undefined, 2)}\n`,
      [`${id}.svg`]: svg,
    };
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(directory, name), text);
      written.push(name);
    }
  }
  return written;
}
