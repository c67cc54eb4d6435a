/**
 * The part of a request that tells where it belongs. Nodes route frames by it and never look at their operations;
 * the operations are decoded once, where the frame is executed.
 */
import { kept, type Kept, type RequestId, type SessionId } from "../../kv/frame.ts";
import { boundBytesMax } from "../../kv/limits.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import {
  consistency,
  nameBytesMax,
  requestIdBytes,
  requestKind,
  requestVersion,
  sessionIdBytes,
  type Consistency,
} from "./formats.ts";
import { malformed, problemOf } from "./malformed.ts";
import { MsgpackReader } from "./msgpack-reader.ts";

export interface WriteEnvelope {
  readonly kind: typeof requestKind.write;
  readonly clusterId: string;
  readonly group: string;
  readonly session: SessionId;
  readonly born: Revision;
  readonly number: number;
  readonly floor: number;
}

export interface ReadEnvelope {
  readonly kind: typeof requestKind.read;
  readonly clusterId: string;
  readonly group: string;
  readonly consistency: Consistency;
  /** The answering replica must have applied at least this revision. */
  readonly minRevision: Revision;
  /** For stale reads: how old the answer may be; 0 = any age. */
  readonly maxAgeMs: number;
  /** The client's name for the request; comes back in the reply. */
  readonly number: number;
}

export interface RouteEnvelope {
  readonly kind: typeof requestKind.route;
}

/** Somebody wants a group's changes published. It is not answered. */
export interface InterestEnvelope {
  readonly kind: typeof requestKind.interest;
  readonly clusterId: string;
  readonly group: string;
}

/** Made by the leader itself: it is met in entries, and never taken from a client. */
export interface RawEnvelope {
  readonly kind: typeof requestKind.raw;
  readonly clusterId: string;
  readonly group: string;
  readonly identity: RequestId;
  readonly kept: Kept;
  readonly firstKey: InternalKey;
  readonly hash: number;
}

/** Not a request. `problem` says why, for the answer to whoever sent it. */
export interface NoEnvelope {
  readonly kind: "malformed";
  readonly problem: string;
}

/** What a client may send. */
export type Envelope = WriteEnvelope | ReadEnvelope | RouteEnvelope | InterestEnvelope;

const peekReader = new MsgpackReader();

/** Reads a request's envelope and leaves its operations alone. */
export function peekRequest(request: Uint8Array): Envelope | NoEnvelope {
  try {
    peekReader.reset(request);
    const envelope = readEnvelope(peekReader);
    if (envelope.kind === requestKind.raw) throw malformed(`request kind ${envelope.kind}`);
    const hasOperations = envelope.kind === requestKind.write || envelope.kind === requestKind.read;
    if (!hasOperations) peekReader.finish();
    else if (!peekReader.atArray) throw malformed("a request without operations");
    return envelope;
  } catch (thrown) {
    return { kind: "malformed", problem: problemOf(thrown) };
  }
}

/** Leaves the reader in front of the operations. Throws `MalformedBytes`. */
export function readEnvelope(reader: MsgpackReader): Envelope | RawEnvelope {
  const length = reader.arrayLength();
  const version = reader.integer();
  if (version !== requestVersion) throw malformed(`request version ${version}`);
  const kind = reader.integer();
  if (kind === requestKind.route) return routeEnvelope;
  if (kind === requestKind.write) return readWriteEnvelope(reader, length);
  if (kind === requestKind.read) return readReadEnvelope(reader, length);
  if (kind === requestKind.interest) return readInterestEnvelope(reader, length);
  if (kind === requestKind.raw) return readRawEnvelope(reader, length);
  throw malformed(`request kind ${kind}`);
}

const routeEnvelope: RouteEnvelope = { kind: requestKind.route };

function readWriteEnvelope(reader: MsgpackReader, length: number): WriteEnvelope {
  if (length !== 9) throw malformed(`a writing request of ${length} elements`);
  const clusterId = reader.text(nameBytesMax);
  const group = reader.text(nameBytesMax);
  if (reader.window() !== sessionIdBytes) throw malformed("a session id that is not 16 bytes");
  const session = reader.windowBytes();
  const born = reader.unsigned();
  const number = reader.unsigned();
  const floor = reader.unsigned();
  if (number === 0) throw malformed("frame number 0");
  return { kind: requestKind.write, clusterId, group, session, born, number, floor };
}

function readReadEnvelope(reader: MsgpackReader, length: number): ReadEnvelope {
  if (length !== 9) throw malformed(`a reading request of ${length} elements`);
  const clusterId = reader.text(nameBytesMax);
  const group = reader.text(nameBytesMax);
  const wanted = reader.integer();
  const known = knownConsistencies.find((one) => one === wanted);
  if (known === undefined) throw malformed(`consistency ${wanted}`);
  const minRevision = reader.unsigned();
  const maxAgeMs = reader.unsigned();
  const number = reader.unsigned();
  const asked = { consistency: known, minRevision, maxAgeMs, number };
  return { kind: requestKind.read, clusterId, group, ...asked };
}

function readInterestEnvelope(reader: MsgpackReader, length: number): InterestEnvelope {
  if (length !== 4) throw malformed(`an interest request of ${length} elements`);
  const clusterId = reader.text(nameBytesMax);
  return { kind: requestKind.interest, clusterId, group: reader.text(nameBytesMax) };
}

function readRawEnvelope(reader: MsgpackReader, length: number): RawEnvelope {
  if (length !== 9) throw malformed(`a raw request of ${length} elements`);
  const clusterId = reader.text(nameBytesMax);
  const group = reader.text(nameBytesMax);
  const identityBytes = reader.window();
  const identity = reader.windowBytes();
  const wanted = reader.integer();
  const known = knownKept.find((one) => one === wanted);
  if (known === undefined) throw malformed(`kept ${wanted}`);
  if (identityBytes !== (known === kept.nothing ? 0 : requestIdBytes)) {
    throw malformed(`an identity of ${identityBytes} bytes`);
  }
  if (reader.window() > boundBytesMax) throw malformed("a first key that is too long");
  const firstKey = reader.windowBytes();
  const hash = reader.unsigned();
  return { kind: requestKind.raw, clusterId, group, identity, kept: known, firstKey, hash };
}

const knownKept: readonly Kept[] = Object.values(kept);
const knownConsistencies: readonly Consistency[] = Object.values(consistency);
