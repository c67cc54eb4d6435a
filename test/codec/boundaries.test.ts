/** Whatever comes from outside, at every function that reads it: a value or the typed error of that boundary. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundaries, type Boundary } from "./support/boundaries.ts";
import { comparable } from "./support/frames.ts";
import { hostile, withClaims } from "./support/mutations.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Named like a reader, and held to what it does elsewhere. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ["infra/codec/msgpack-reader.ts MsgpackReader", "the cursor under every decoder in the table"],
  ["client/range-scan.ts readPage", "asks the cluster"],
  ["client/codecs.ts decodedKey", "calls the user's own codec"],
  ["cli/data/read-value.ts readInput", "reads a file as it is"],
  ["cli/transfer/checkpoint.ts readCheckpoint", "test/cli/transfer.test.ts"],
  ["cli/transfer/line-reader.ts readLines", "test/cli/transfer-lines.test.ts"],
  ["cli/data/read-value.ts valueFrom", "reads a file as it is"],
  ["infra/topology/topology.ts regionsFrom", "takes regions that were read"],
  ["infra/topology/yaml-reader.ts YamlReader", "under parseTopology"],
  ["infra/topology/yaml-syntax.ts parseYaml", "under parseTopology"],
  ["infra/topology/read-topology.ts readTopology", "under parseTopology"],
  ["infra/topology/read-cluster.ts readCluster", "under parseTopology"],
  ["infra/topology/read-cluster.ts readPrefix", "under parseTopology"],
  ["infra/topology/read-cluster.ts readServers", "under parseTopology"],
  ["infra/topology/read-regions.ts readRegions", "under parseTopology"],
  ["infra/topology/read-nodes.ts readNodes", "under parseTopology"],
  ["infra/topology/read-buckets.ts readBuckets", "under parseTopology"],
  ["infra/topology/read-groups.ts readGroups", "under parseTopology"],
]);

const readerNames =
  /^export (?:async )?(?:function\*?|class|const) ((?:decode|read|parse|peek)[A-Z]?\w*|\w+From|\w+(?:Decoder|Reader|Codec|RawSubjects))\b/gm;

function readersIn(folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const path = `${folder}/${file.replaceAll("\\", "/")}`;
      const found = readFileSync(join(root, path), "utf8").matchAll(readerNames);
      return [...found].map(([, name]) => `${path} ${name}`);
    });
}

test("every function that reads bytes or text from outside is in the table, and nothing else is", () => {
  const exported = ["infra/codec", "infra/transport", "infra/topology", "client", "cli"]
    .flatMap(readersIn)
    .filter((name) => !elsewhere.has(name));
  const inTable = new Set(boundaries.map(({ name }) => name.replace(/ \(.*/, "")));
  expect(exported.length).toBeGreaterThan(20);
  expect(exported.filter((name) => !inTable.has(name))).toEqual([]);
  const gone = [...elsewhere.keys()].filter((name) => {
    const [path = "", exportName = ""] = name.split(" ");
    return !readFileSync(join(root, path), "utf8").includes(` ${exportName}`);
  });
  expect(gone).toEqual([]);
});

/** What came of the bytes; throws what is no refusal. */
function taken({ take, refuses }: Boundary, bytes: Uint8Array): unknown {
  try {
    return take(bytes);
  } catch (thrown) {
    if (refuses(thrown)) return undefined;
    throw thrown;
  }
}

/** Objects, lists and what is in them; what windows look onto counts once. */
function sizeOf(value: unknown): number {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return 1;
  return Object.values(value).reduce<number>((sum, field) => sum + sizeOf(field), 1);
}

/** Fields that a value has because of its kind, for each byte that can name one. */
const fieldsPerByte = 20;
const leastFields = 500;

describe.each(boundaries.map((boundary) => [boundary.name, boundary] as const))(
  "%s",
  (_, boundary) => {
    test("takes its samples", () => {
      const refused = boundary.samples.filter((sample) => taken(boundary, sample) === undefined);
      // Some samples are other kinds of the same family.
      expect(refused.length).toBeLessThan(boundary.samples.length);
    });

    test("makes a value or its typed refusal of anything, and no more than the bytes say", () => {
      fc.assert(
        fc.property(hostile(boundary.samples), (bytes) => {
          const value = taken(boundary, bytes);
          expect(sizeOf(value)).toBeLessThan(leastFields + fieldsPerByte * bytes.length);
        }),
        { numRuns: 600 },
      );
    });

    test("allocates nothing on the word of a length", () => {
      const before = allocatedBytes();
      let most = 0;
      for (const bytes of withClaims(boundary.samples)) {
        taken(boundary, bytes);
        most = Math.max(most, allocatedBytes() - before);
      }
      // The claims are of 20 million elements and more.
      expect(most).toBeLessThan(120 * 2 ** 20);
    });

    test.runIf(boundary.again !== undefined)("what it took comes back as it is", () => {
      const { again } = boundary as Required<Boundary>;
      let compared = 0;
      fc.assert(
        fc.property(hostile(boundary.samples), (bytes) => {
          const first = taken(boundary, bytes);
          if (first === undefined) return;
          const second = boundary.take(new Uint8Array(again(first as never)));
          expect(comparable(second)).toEqual(comparable(first));
          compared += 1;
        }),
        { numRuns: 400 },
      );
      expect(compared).toBeGreaterThan(3);
    });
  },
);

function allocatedBytes(): number {
  const { heapTotal, external } = process.memoryUsage();
  return heapTotal + external;
}
