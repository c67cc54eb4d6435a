/** Reads the regions of a topology: where each starts, and which group serves it. */
import type { InternalKey } from "../../kv/state-reader.ts";
import { fixForUnknown } from "./read-names.ts";
import { parseRegionBound, RegionBoundFault } from "../codec/region-bound.ts";
import { regionsFrom, type TopologyGroup, type TopologyRegion } from "./topology.ts";
import { quote, type Fields, type NamedPlace, type Place, type YamlReader } from "./yaml-reader.ts";

const regionExample = '{ start: "default/m", group: g1 }';
const regionsExample = 'regions: [{ start: "", group: g1 }]';
const explainedFields = {
  end: "remove it; a region ends where the next one starts, and the last one at the last key",
};

interface RegionStart {
  readonly text: string;
  /** Undefined when the text is no region bound. */
  readonly start: InternalKey | undefined;
  readonly at: number;
}

/** `groups` undefined when it cannot be told which groups there are. */
export function readRegions(
  reader: YamlReader,
  place: NamedPlace | undefined,
  groups: readonly TopologyGroup[] | undefined,
): TopologyRegion[] {
  if (place === undefined) return [];
  const groupNames = groups?.map(({ name }) => name);
  const regions: { start: InternalKey; group: string }[] = [];
  let previous: RegionStart | undefined;
  for (const [index, item] of (reader.items(place, regionsExample) ?? []).entries()) {
    const region = { ...item, what: `region ${index + 1}` };
    const fields = reader.fields(region, ["start", "group"], regionExample, explainedFields);
    if (fields === undefined) continue;
    const start = readStart(reader, region, fields);
    const group = readGroupName(reader, region, fields, groupNames);
    if (start?.start === undefined) continue;
    if (index === 0) checkFirst(reader, start);
    else if (previous !== undefined) checkOrder(reader, previous, start);
    previous = start;
    regions.push({ start: start.start, group: group ?? "" });
  }
  return regionsFrom(regions);
}

function readStart(reader: YamlReader, region: Place, fields: Fields): RegionStart | undefined {
  const place = reader.required(fields, "start", region, regionExample);
  const text = place && reader.text(place, 'start: "default/m"');
  if (place === undefined || text === undefined) return undefined;
  const { at } = place;
  try {
    return { text, start: parseRegionBound(text), at };
  } catch (failure) {
    if (!(failure instanceof RegionBoundFault)) throw failure;
    reader.report(at, `${region.what} starts at ${quote(text)}: ${failure.message}`, failure.fix);
    return { text, start: undefined, at };
  }
}

function readGroupName(
  reader: YamlReader,
  region: Place,
  fields: Fields,
  groupNames: readonly string[] | undefined,
): string | undefined {
  const place = reader.required(fields, "group", region, regionExample);
  const name = place && reader.text(place, "group: g1");
  if (place === undefined || name === undefined) return undefined;
  if (groupNames !== undefined && !groupNames.includes(name)) {
    reader.report(
      place.at,
      `${region.what} is in the group ${quote(name)}, which is not declared`,
      fixForUnknown(name, groupNames, "`storeGroups`"),
    );
  }
  return name;
}

function checkFirst(reader: YamlReader, first: RegionStart): void {
  if (first.start === "") return;
  reader.report(
    first.at,
    `the first region starts at ${quote(first.text)}, so that the keys before it are in no region`,
    'start it at "", the first of all keys',
  );
}

function checkOrder(reader: YamlReader, previous: RegionStart, next: RegionStart): void {
  if (previous.start === undefined || next.start === undefined) return;
  if (next.start > previous.start) return;
  if (next.start === previous.start) {
    reader.report(
      next.at,
      `two regions start at ${quote(next.text)}`,
      "remove one of them, or start it somewhere else",
    );
    return;
  }
  reader.report(
    next.at,
    `the region that starts at ${quote(next.text)} stands behind the one that starts at ` +
      `${quote(previous.text)}, so the two overlap`,
    "order the regions by their starts, in the order of bytes: capitals come before small letters",
  );
}
