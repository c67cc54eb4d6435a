/** Puts a recording where its reader finds it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Recording } from "../trace/recording.ts";

/** Answers with the files that were written. */
export function writeRecording(
  directory: string,
  { wholeTrace, chartText, chartSvg }: Recording,
  command: string,
): readonly string[] {
  mkdirSync(directory, { recursive: true });
  const files = {
    "trace.txt": [command, "", ...wholeTrace, ""].join("\n"),
    "chart.txt": chartText,
    "chart.svg": chartSvg,
  };
  return Object.entries(files).map(([name, text]) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  });
}
