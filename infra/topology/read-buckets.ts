/** Reads what a topology says of buckets: buckets that it does not name exist all the same. */
import { bucketBytesMax } from "../../kv/limits.ts";
import { isBucketName } from "../../kv/internal-key.ts";
import type { TopologyBucket } from "./topology.ts";
import { quote, type NamedPlace, type YamlReader } from "./yaml-reader.ts";

const bucketsExample = "buckets: { default: { watch: subjects } }";
const watchExample = "watch: subjects";

export function readBuckets(reader: YamlReader, place: NamedPlace | undefined): TopologyBucket[] {
  if (place === undefined) return [];
  const entries = reader.entries(place, bucketsExample) ?? [];
  return entries.map((entry) => readBucket(reader, entry));
}

function readBucket(reader: YamlReader, entry: NamedPlace): TopologyBucket {
  const { name, nameAt } = entry;
  if (!isBucketName(name)) {
    reader.report(
      nameAt,
      `a bucket is named ${quote(name)}, which no bucket can be`,
      `use 1 to ${bucketBytesMax} letters, digits, \`_\` and \`-\``,
    );
  }
  const bucket = { ...entry, what: `bucket ${entry.what}` };
  const fields = reader.fields(bucket, ["watch"], `${name}: { ${watchExample} }`);
  const watch = fields?.found.get("watch");
  return { name, watch: watch && readWatch(reader, watch) };
}

function readWatch(reader: YamlReader, place: NamedPlace): TopologyBucket["watch"] {
  const text = reader.text(place, watchExample);
  if (text === undefined || text === "subjects") return text;
  reader.report(
    place.at,
    `${place.what} is ${quote(text)}`,
    `write ${watchExample}, or leave it out: then subjects are published while somebody asks for them`,
  );
  return undefined;
}
