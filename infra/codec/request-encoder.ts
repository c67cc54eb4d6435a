/** Encodes requests, as the client sends them. */
import {
  checkKind,
  expectNothing,
  operationKind,
  type Changes,
  type Check,
  type Delete,
  type Expectation,
  type Get,
  type Put,
  type Range,
  type RangePage,
  type ReadOperation,
  type Transaction,
  type WriteOperation,
} from "../../kv/commands/operation.ts";
import { newest, type Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import {
  changesFlag,
  deleteFlag,
  getFlag,
  rangeFlag,
  requestKind,
  requestVersion,
} from "./formats.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import type { RawEnvelope, ReadEnvelope, WriteEnvelope } from "./request-envelope.ts";

/** Operations a client may send: everything but what stands in for a refused one. */
export type WriteRequest = Exclude<WriteOperation, { readonly kind: 0 }>;
export type ReadRequest = Exclude<ReadOperation, { readonly kind: 0 }>;

/** Bytes of a request beside its operations: envelope, names and numbers at their largest. */
export const envelopeBytesMax = 512;
/** Bytes of an operation beside its keys and value: kinds, heads and numbers at their largest. */
const operationOverheadBytes = 64;

/** How long an operation can get in a request at most: what a client packs frames by. */
export function encodedBytesMax(operation: WriteRequest | ReadRequest): number {
  const { kind } = operation;
  if (kind === operationKind.put) {
    return operation.key.length + operation.end - operation.start + operationOverheadBytes;
  }
  if (kind === operationKind.range || kind === operationKind.deleteRange) {
    const { start, end = "", cursor = "" } = operation;
    return start.length + end.length + cursor.length + operationOverheadBytes;
  }
  if (kind === operationKind.changes) {
    const { start, end = "", cursor } = operation;
    return start.length + end.length + (cursor?.key.length ?? 0) + operationOverheadBytes;
  }
  if (kind !== operationKind.transaction) return operation.key.length + operationOverheadBytes;
  let bytes = operationOverheadBytes;
  for (const inner of operation.operations) bytes += encodedBytesMax(inner);
  for (const check of operation.checks) {
    const { start, end = "" } = "start" in check ? check : { start: check.key };
    bytes += start.length + end.length + operationOverheadBytes;
  }
  return bytes;
}

/** What all requests of a group that came on raw subjects begin with. */
interface RawHead {
  readonly clusterId: string;
  readonly group: string;
  readonly bytes: Uint8Array;
}

export class RequestEncoder {
  readonly #writer = new MsgpackWriter();
  #rawHead: RawHead | undefined;

  /** The message is the caller's to keep. */
  writeFrame(envelope: WriteEnvelope, operations: readonly WriteRequest[]): Uint8Array {
    const writer = this.#writer;
    writer.array(9);
    writer.integer(requestVersion);
    writer.integer(requestKind.write);
    writer.text(envelope.clusterId);
    writer.text(envelope.group);
    writer.byteString(envelope.session);
    writer.integer(envelope.born);
    writer.integer(envelope.number);
    writer.integer(envelope.floor);
    writer.array(operations.length);
    for (const operation of operations) this.#operation(operation);
    return writer.finish();
  }

  readFrame(envelope: ReadEnvelope, operations: readonly ReadRequest[]): Uint8Array {
    const writer = this.#writer;
    writer.array(9);
    writer.integer(requestVersion);
    writer.integer(requestKind.read);
    writer.text(envelope.clusterId);
    writer.text(envelope.group);
    writer.integer(envelope.consistency);
    writer.integer(envelope.minRevision);
    writer.integer(envelope.maxAgeMs);
    writer.integer(envelope.number);
    writer.array(operations.length);
    for (const operation of operations) this.#operation(operation);
    return writer.finish();
  }

  /** A request of a client without a session, as its coordinator puts it into an entry. */
  raw(envelope: RawEnvelope, operation: WriteRequest): Uint8Array {
    const writer = this.#writer;
    const { clusterId, group } = envelope;
    let head = this.#rawHead;
    if (head?.group !== group || head.clusterId !== clusterId) head = this.#newRawHead(envelope);
    writer.encoded(head.bytes);
    writer.byteString(envelope.identity);
    writer.integer(envelope.kept);
    writer.byteString(envelope.firstKey);
    writer.integer(envelope.hash);
    writer.array(1);
    this.#operation(operation);
    return writer.finish();
  }

  #newRawHead({ clusterId, group }: RawEnvelope): RawHead {
    const writer = this.#writer;
    writer.array(9);
    writer.integer(requestVersion);
    writer.integer(requestKind.raw);
    writer.text(clusterId);
    writer.text(group);
    this.#rawHead = { clusterId, group, bytes: writer.finish() };
    return this.#rawHead;
  }

  route(): Uint8Array {
    this.#writer.array(2);
    this.#writer.integer(requestVersion);
    this.#writer.integer(requestKind.route);
    return this.#writer.finish();
  }

  interest(clusterId: string, group: string): Uint8Array {
    const writer = this.#writer;
    writer.array(4);
    writer.integer(requestVersion);
    writer.integer(requestKind.interest);
    writer.text(clusterId);
    writer.text(group);
    return writer.finish();
  }

  #operation(operation: WriteRequest | ReadRequest): void {
    const writer = this.#writer;
    const { kind } = operation;
    if (kind === operationKind.put) return this.#put(operation);
    if (kind === operationKind.transaction) return this.#transaction(operation);
    if (kind === operationKind.range) return this.#range(operation);
    if (kind === operationKind.deleteRange) {
      writer.array(5);
      writer.integer(kind);
      return this.#page(operation);
    }
    if (kind === operationKind.changes) return this.#changes(operation);
    if (kind === operationKind.get) return this.#get(operation);
    if (kind === operationKind.delete) return this.#delete(operation);
    writer.array(3);
    writer.integer(kind);
    writer.byteString(operation.key);
    writer.integer(operation.delta);
  }

  #delete({ key, expectation, purge = false }: Delete): void {
    const writer = this.#writer;
    writer.array(purge ? 4 : 3);
    writer.integer(operationKind.delete);
    writer.byteString(key);
    this.#expectation(expectation);
    if (purge) writer.integer(deleteFlag.purge);
  }

  #put({ key, source, start, end, ttlMs, expectation }: Put): void {
    const writer = this.#writer;
    writer.array(expectation === expectNothing ? (ttlMs === 0 ? 3 : 4) : 5);
    writer.integer(operationKind.put);
    writer.byteString(key);
    writer.bytes(source, start, end);
    if (ttlMs !== 0 || expectation !== expectNothing) writer.integer(ttlMs);
    if (expectation !== expectNothing) writer.integer(expectation);
  }

  #get({ key, at, tombstoneToo = false }: Get): void {
    const writer = this.#writer;
    writer.array(tombstoneToo ? 4 : at === newest ? 2 : 3);
    writer.integer(operationKind.get);
    writer.byteString(key);
    if (tombstoneToo || at !== newest) this.#revision(at);
    if (tombstoneToo) writer.integer(getFlag.tombstoneToo);
  }

  #changes(changes: Changes): void {
    const writer = this.#writer;
    const { cursor } = changes;
    writer.array(8);
    writer.integer(operationKind.changes);
    this.#bound(changes.start);
    this.#bound(changes.end);
    writer.integer(changes.since);
    this.#revision(changes.until);
    writer.integer(changes.limit);
    writer.integer(
      (changes.incompleteToo ? changesFlag.incompleteToo : 0) |
        (changes.keysOnly ? changesFlag.keysOnly : 0) |
        (changes.newestOnly ? changesFlag.newestOnly : 0),
    );
    if (cursor === undefined) return writer.nil();
    writer.array(2);
    writer.byteString(cursor.key);
    writer.integer(cursor.below);
  }

  #range(range: Range): void {
    const writer = this.#writer;
    writer.array(7);
    writer.integer(operationKind.range);
    this.#bound(range.start);
    this.#bound(range.end);
    writer.integer(range.limit);
    writer.integer(
      (range.reverse ? rangeFlag.reverse : 0) | (range.keysOnly ? rangeFlag.keysOnly : 0),
    );
    this.#revision(range.at);
    this.#bound(range.cursor);
  }

  #page({ start, end, limit, cursor }: RangePage): void {
    this.#bound(start);
    this.#bound(end);
    this.#writer.integer(limit);
    this.#bound(cursor);
  }

  #transaction({ checks, operations }: Transaction): void {
    const writer = this.#writer;
    writer.array(3);
    writer.integer(operationKind.transaction);
    writer.array(checks.length);
    for (const check of checks) this.#check(check);
    writer.array(operations.length);
    for (const operation of operations) this.#operation(operation);
  }

  #check(check: Check): void {
    const writer = this.#writer;
    if (check.kind === checkKind.unchanged) {
      writer.array(4);
      writer.integer(check.kind);
      this.#bound(check.start);
      this.#bound(check.end);
      return writer.integer(check.since);
    }
    writer.array(check.kind === checkKind.revision ? 3 : 2);
    writer.integer(check.kind);
    writer.byteString(check.key);
    if (check.kind === checkKind.revision) writer.integer(check.revision);
  }

  #bound(bound: InternalKey | undefined): void {
    if (bound === undefined) this.#writer.nil();
    else this.#writer.byteString(bound);
  }

  #expectation(expectation: Expectation): void {
    if (expectation === expectNothing) this.#writer.nil();
    else this.#writer.integer(expectation);
  }

  #revision(revision: Revision): void {
    if (revision === newest) this.#writer.nil();
    else this.#writer.integer(revision);
  }
}
