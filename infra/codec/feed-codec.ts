/**
 * The feed of a group: what each applied entry changed, as its leader publishes it and whoever watches reads it. An
 * entry whose changes do not fit into one message comes in parts, each with the whole head.
 */
import { changeOperation, type Change, type ChangeOperation } from "../../kv/change.ts";
import type { Revision } from "../../kv/revision.ts";
import { feedVersion, nameBytesMax } from "./formats.ts";
import { malformed, problemOf } from "./malformed.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";

export interface FeedHead {
  readonly clusterId: string;
  readonly group: string;
  /** The entry's slot; in a message without changes the last slot applied. */
  readonly slot: number;
  /** The last slot before this entry, or up to it in a message without changes, that may have changed anything. */
  readonly previousSlot: number;
  /** The group's last revision behind the entry: no change at or below it is still to come. */
  readonly resolved: Revision;
  /** How much longer the feed is published unless somebody asks for it again. */
  readonly interestMs: number;
}

export interface FeedMessage extends FeedHead {
  /** From 1. */
  readonly part: number;
  readonly parts: number;
  /** In the order of revisions. Empty in a message that only tells progress. */
  readonly changes: readonly Change[];
}

/** Not a message of a feed, and why. */
export interface NoFeedMessage {
  readonly kind: "malformed";
  readonly problem: string;
}

/** Bytes of a message beside its names and changes: heads and numbers at their largest. */
const headBytesMax = 80;
/** Bytes of a change beside its key and value. */
const changeBytesMax = 27;
/** More parts than any entry can come to. */
const partsMax = 0xffff;

export class FeedEncoder {
  readonly #writer = new MsgpackWriter();

  /** One message, or as many as it takes for none to be longer than `payloadBytesMax`; a change is never divided. */
  encode(head: FeedHead, changes: readonly Change[], payloadBytesMax: number): Uint8Array[] {
    const names = Buffer.byteLength(head.clusterId) + Buffer.byteLength(head.group);
    const pieces = divide(changes, payloadBytesMax - headBytesMax - names);
    return pieces.map((piece, at) => this.#part(head, at + 1, pieces.length, piece));
  }

  #part(head: FeedHead, part: number, parts: number, changes: readonly Change[]): Uint8Array {
    const writer = this.#writer;
    writer.array(10);
    writer.integer(feedVersion);
    writer.text(head.clusterId);
    writer.text(head.group);
    writer.integer(head.slot);
    writer.integer(head.previousSlot);
    writer.integer(head.resolved);
    writer.integer(head.interestMs);
    writer.integer(part);
    writer.integer(parts);
    writer.array(5 * changes.length);
    for (const { key, revision, operation, expiresAt, source, start, end } of changes) {
      writer.byteString(key);
      writer.integer(revision);
      writer.integer(operation);
      writer.integer(expiresAt);
      writer.bytes(source, start, end);
    }
    return writer.finish();
  }
}

/** At least one piece, none empty unless there is nothing to divide. */
function divide(changes: readonly Change[], bytesMax: number): (readonly Change[])[] {
  const pieces: (readonly Change[])[] = [];
  let first = 0;
  let bytes = 0;
  for (const [at, { key, start, end }] of changes.entries()) {
    const length = changeBytesMax + key.length + end - start;
    if (at > first && bytes + length > bytesMax) {
      pieces.push(changes.slice(first, at));
      first = at;
      bytes = 0;
    }
    bytes += length;
  }
  pieces.push(first === 0 ? changes : changes.slice(first));
  return pieces;
}

export class FeedDecoder {
  readonly #reader = new MsgpackReader();

  /** Values of the changes are windows onto `message`. */
  decode(message: Uint8Array): FeedMessage | NoFeedMessage {
    const reader = this.#reader;
    try {
      reader.reset(message);
      const length = reader.arrayLength();
      const version = reader.integer();
      if (version !== feedVersion || length !== 10) {
        throw malformed(`feed version ${version} of ${length} elements`);
      }
      const clusterId = reader.text(nameBytesMax);
      const group = reader.text(nameBytesMax);
      const slot = reader.unsigned();
      const previousSlot = reader.unsigned();
      const resolved = reader.unsigned();
      const interestMs = reader.unsigned();
      const part = reader.unsigned();
      const parts = reader.unsigned();
      if (part === 0 || part > parts || parts > partsMax) {
        throw malformed(`part ${part} of ${parts}`);
      }
      const changes = this.#changes(message);
      reader.finish();
      const head = { clusterId, group, slot, previousSlot, resolved, interestMs };
      return { ...head, part, parts, changes };
    } catch (thrown) {
      return { kind: "malformed", problem: problemOf(thrown) };
    }
  }

  #changes(source: Uint8Array): Change[] {
    const reader = this.#reader;
    const elements = reader.arrayLength();
    if (elements % 5 !== 0) throw malformed(`changes of ${elements} elements`);
    const changes: Change[] = [];
    for (let at = 0; at < elements; at += 5) {
      reader.window();
      const key = reader.windowBytes();
      const revision = reader.unsigned();
      const operation = operationOf(reader.unsigned());
      const expiresAt = reader.unsigned();
      reader.window();
      const { windowStart: start, windowEnd: end } = reader;
      changes.push({ key, revision, operation, expiresAt, source, start, end });
    }
    return changes;
  }
}

const knownOperations: readonly ChangeOperation[] = Object.values(changeOperation);

function operationOf(number: number): ChangeOperation {
  const known = knownOperations.find((one) => one === number);
  if (known === undefined) throw malformed(`operation ${number} in a feed`);
  return known;
}
