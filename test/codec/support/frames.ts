/** Envelopes and decoded operations, as the codec's tests compare them. */
import { consistency, requestKind } from "../../../infra/codec/formats.ts";
import type { ReadEnvelope, WriteEnvelope } from "../../../infra/codec/request-envelope.ts";

export const writeEnvelope: WriteEnvelope = {
  kind: requestKind.write,
  clusterId: "3f2a9c0d5b7e4f61",
  group: "g1",
  session: "\0\x01\x7f\x80\xff-----------",
  born: 2 ** 52 + 1,
  number: 257,
  floor: 3,
};

export const readEnvelope: ReadEnvelope = {
  kind: requestKind.read,
  clusterId: "3f2a9c0d5b7e4f61",
  group: "g1",
  consistency: consistency.stale,
  minRevision: 2 ** 40,
  maxAgeMs: 5000,
  number: 70_000,
};

/** Values by their bytes instead of by the window they are. */
export function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const { source, start, end, ...rest } = value as Record<string, unknown>;
  const fields = Object.entries(rest).map(([name, field]) => [name, comparable(field)]);
  if (!(source instanceof Uint8Array)) {
    return Object.fromEntries([
      ...fields,
      ["start", start],
      ["end", end],
      ["source", source],
    ]) as unknown;
  }
  const bytes = [...source.subarray(start as number, end as number)];
  return Object.fromEntries([...fields, ["bytes", bytes]]) as unknown;
}
