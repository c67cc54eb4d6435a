/** A birth as bytes: on the wire between unborn stores, and in the log store for good. */
import { Packr } from "msgpackr";
import type { Birth, RegionAssignment } from "../../machines/birth/birth-record.ts";
import { MalformedMessage, positionalOf, type Positional } from "./positional.ts";

const packr = new Packr({ useRecords: false });

const birthFormat = 1;
const membersMax = 16;
const regionsMax = 65_536;

export function birthElements(birth: Birth): unknown[] {
  const { configuration } = birth;
  return [
    birthFormat,
    birth.id,
    birth.cluster,
    birth.clusterId,
    birth.group,
    configuration.epoch,
    configuration.members.map(({ node, member }) => [node, member]),
    configuration.phase1,
    configuration.phase2,
    configuration.leaseMs,
    configuration.driftRatio,
    regionElements(birth.regions),
  ];
}

export function readBirth(fields: Positional): Birth {
  const format = fields.natural();
  if (format !== birthFormat) {
    throw new MalformedMessage(`birth of format ${format}; this version reads ${birthFormat}`);
  }
  return {
    id: fields.natural(),
    cluster: fields.text(),
    clusterId: fields.text(),
    group: fields.text(),
    configuration: {
      epoch: fields.natural(),
      members: fields.list(membersMax, (member) => ({
        node: member.text(),
        member: member.natural(),
      })),
      phase1: fields.natural(),
      phase2: fields.natural(),
      leaseMs: fields.natural(),
      driftRatio: fields.finite(),
    },
    regions: readRegions(fields),
  };
}

export function regionElements(regions: readonly RegionAssignment[]): unknown[] {
  return regions.map(({ id, version, start, end, group }) => [
    id,
    version,
    bytesOf(start),
    end === undefined ? null : bytesOf(end),
    group,
  ]);
}

export function readRegions(fields: Positional): RegionAssignment[] {
  return fields.list(regionsMax, (region) => {
    const id = region.natural();
    const version = region.natural();
    const start = keyOf(region.bytes());
    const end = region.optionalBytes();
    return { id, version, start, end: end && keyOf(end), group: region.text() };
  });
}

/** Internal keys are byte strings: one character per byte. */
function bytesOf(key: string): Uint8Array {
  return Buffer.from(key, "latin1");
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

export function encodeBirth(birth: Birth): Uint8Array {
  return Buffer.from(packr.pack(birthElements(birth)));
}

/** Throws `MalformedMessage`. */
export function decodeBirth(bytes: Uint8Array): Birth {
  return readBirth(positionalOf(bytes));
}
