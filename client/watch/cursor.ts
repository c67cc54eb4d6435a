/** Where a watch goes on, as text that another process may use. */
import { nameBytesMax } from "../../infra/codec/formats.ts";
import { MsgpackReader } from "../../infra/codec/msgpack-reader.ts";
import { MsgpackWriter } from "../../infra/codec/msgpack-writer.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { KeyRange } from "../../kv/commands/operation.ts";
import { boundBytesMax } from "../../kv/limits.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { badRequest } from "../options.ts";
import { common, coversAll, isEmptyRange } from "./key-ranges.ts";
import type { Beginning, Stretch } from "./strand.ts";

export type CursorPart = Stretch;

const cursorVersion = 1;
/** Numbers in the text. */
const beginnings = ["after", "current", "history"] as const;
const partsMax = 10_000;

/** `[1, clusterId, [start, end or nil, beginning, revision, start, ...]]` in base64url. */
export function cursorText(clusterId: string, parts: readonly CursorPart[]): string {
  const writer = new MsgpackWriter();
  const joined = joinEqual(parts);
  writer.array(3);
  writer.integer(cursorVersion);
  writer.text(clusterId);
  writer.array(4 * joined.length);
  for (const { range, beginning } of joined) {
    writer.byteString(range.start);
    if (range.end === undefined) writer.nil();
    else writer.byteString(range.end);
    writer.integer(beginnings.findIndex((kind) => kind === beginning.kind));
    writer.integer(beginning.kind === "after" ? beginning.revision : 0);
  }
  return Buffer.from(writer.finish()).toString("base64url");
}

/**
 * In order of keys, and apart from each other. Throws `BAD_REQUEST` for what is no cursor, or one of another cluster, whose
 * revisions say nothing here. Undefined: the cluster is not known yet.
 */
export function parseCursor(clusterId: string | undefined, cursor: string): readonly CursorPart[] {
  let read: ReturnType<typeof readCursor>;
  try {
    if (typeof cursor !== "string") throw new Error("no text");
    read = readCursor(Buffer.from(cursor, "base64url"));
  } catch (cause) {
    throw new SynodError("BAD_REQUEST", "the cursor is none that a watch had", {
      nextStep: "Pass the text whole, as a watch gave it, or watch without a cursor.",
      cause,
    });
  }
  if (clusterId !== undefined && read.clusterId !== clusterId) {
    throw badRequest(
      `the cursor is that of a watch in cluster ${read.clusterId}, not ${clusterId}`,
    );
  }
  return read.parts;
}

/** The parts of the ranges, each where the cursor goes on in it. Throws `BAD_REQUEST` where it says nothing. */
export function continuedAt(
  ranges: readonly KeyRange[],
  cursor: readonly CursorPart[],
): readonly Stretch[] {
  return ranges.flatMap((range) => {
    const stretches = cursor.flatMap((part): Stretch[] => {
      const both = common(range, part.range);
      return both === undefined ? [] : [{ range: both, beginning: part.beginning }];
    });
    if (
      !coversAll(
        range,
        stretches.map((stretch) => stretch.range),
      )
    ) {
      throw badRequest("the cursor is that of a watch of other keys");
    }
    return stretches;
  });
}

function readCursor(bytes: Uint8Array): {
  readonly clusterId: string;
  readonly parts: readonly CursorPart[];
} {
  const reader = new MsgpackReader();
  reader.reset(bytes);
  const length = reader.arrayLength();
  const version = reader.integer();
  if (length !== 3 || version !== cursorVersion) throw new Error(`version ${version}`);
  const clusterId = reader.text(nameBytesMax);
  const elements = reader.arrayLength();
  if (elements % 4 !== 0 || elements > 4 * partsMax) throw new Error(`${elements} elements`);
  const parts: CursorPart[] = [];
  for (let at = 0; at < elements; at += 4) {
    const start = readBound(reader);
    const end = reader.skipNil() ? undefined : readBound(reader);
    const kind = beginnings[reader.unsigned()];
    const revision = reader.unsigned();
    if (kind === undefined) throw new Error("an unknown beginning");
    const beginning: Beginning = kind === "after" ? { kind, revision } : { kind };
    parts.push({ range: { start, end }, beginning });
  }
  reader.finish();
  const inOrder = sorted(parts);
  for (const [at, { range }] of inOrder.entries()) {
    const next = inOrder[at + 1]?.range;
    const isApart = next === undefined || (range.end !== undefined && range.end <= next.start);
    if (isEmptyRange(range) || !isApart) throw new Error("ranges that overlap, or are none");
  }
  return { clusterId, parts: inOrder };
}

function readBound(reader: MsgpackReader): InternalKey {
  if (reader.window() > boundBytesMax) throw new Error("too long a bound");
  return reader.windowBytes();
}

function sorted(parts: readonly CursorPart[]): CursorPart[] {
  return parts.toSorted((left, right) => (left.range.start < right.range.start ? -1 : 1));
}

/** Neighbours that go on at the same place become one. */
function joinEqual(parts: readonly CursorPart[]): CursorPart[] {
  const joined: CursorPart[] = [];
  for (const part of sorted(parts)) {
    const last = joined.at(-1);
    if (
      last !== undefined &&
      last.range.end === part.range.start &&
      isSame(last.beginning, part.beginning)
    ) {
      joined[joined.length - 1] = {
        range: { start: last.range.start, end: part.range.end },
        beginning: part.beginning,
      };
    } else {
      joined.push(part);
    }
  }
  return joined;
}

export function isSame(one: Beginning, other: Beginning): boolean {
  if (one.kind === "after" && other.kind === "after") return one.revision === other.revision;
  return one.kind === other.kind;
}
