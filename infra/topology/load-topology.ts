/** From a topology file to a topology, or to everything that is wrong with the file. */
import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { readTopology } from "./read-topology.ts";
import { TextPositions } from "./text-positions.ts";
import { topologyLimits, type Topology } from "./topology.ts";
import { TopologyError } from "./topology-error.ts";
import { YamlReader } from "./yaml-reader.ts";
import { parseYaml } from "./yaml-syntax.ts";

/** Throws `TopologyError`. */
export function loadTopology(path: string): Topology {
  const fileName = basename(path);
  return parseTopology(decode(readBounded(path, fileName), fileName), fileName);
}

/** Throws `TopologyError`; `fileName` is what its messages call the text. */
export function parseTopology(text: string, fileName: string): Topology {
  const positions = new TextPositions(text);
  const root = parseYaml(text, positions, fileName);
  const reader = new YamlReader(positions);
  if (root === null) {
    reader.report(
      0,
      "nothing stands in the file",
      "write a topology; `cluster`, `nats`, `nodes`, `storeGroups` and `regions` are needed",
    );
    throw new TopologyError(fileName, reader.problems);
  }
  const topology = readTopology(reader, { value: root, at: root.range[0], what: "" });
  if (topology === undefined || reader.problems.length > 0) {
    throw new TopologyError(fileName, reader.problems);
  }
  return topology;
}

/** Reads no more than a topology may have, whatever the path names: a device may never end. */
function readBounded(path: string, fileName: string): Buffer {
  const { fileBytesMax } = topologyLimits;
  const content = Buffer.alloc(fileBytesMax + 1);
  let bytes = 0;
  try {
    const file = openSync(path, "r");
    try {
      for (;;) {
        const read = readSync(file, content, bytes, content.length - bytes, null);
        if (read === 0) break;
        bytes += read;
      }
    } finally {
      closeSync(file);
    }
  } catch (failure) {
    throw unreadable(path, fileName, failure);
  }
  if (bytes > fileBytesMax) {
    throw new TopologyError(fileName, [
      wholeFile(
        `the file is larger than ${fileBytesMax} bytes, which no topology is`,
        "name the topology file, or remove from it what is no topology",
      ),
    ]);
  }
  return content.subarray(0, bytes);
}

function unreadable(path: string, fileName: string, failure: unknown): TopologyError {
  const missing = (failure as NodeJS.ErrnoException).code === "ENOENT";
  const message = missing
    ? `there is no file ${path}`
    : `${path} cannot be read: ${failure instanceof Error ? failure.message : String(failure)}`;
  return new TopologyError(
    fileName,
    [wholeFile(message, "name the topology file with -f")],
    failure,
  );
}

function decode(content: Buffer, fileName: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch (failure) {
    const problem = wholeFile("the file is no UTF-8 text", "save it as UTF-8");
    throw new TopologyError(fileName, [problem], failure);
  }
}

function wholeFile(message: string, fix: string) {
  return { line: 0, column: 0, message, fix };
}
