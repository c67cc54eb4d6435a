/**
 * The part of a request that tells where it belongs. Nodes route frames by it and never look at their operations;
 * the operations are decoded once, where the frame is executed.
 */
import type { SessionId } from "../../kv/frame.ts";
import type { Revision } from "../../kv/revision.ts";
import {
  consistency,
  nameBytesMax,
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

/** Not a request. `problem` says why, for the answer to whoever sent it. */
export interface NoEnvelope {
  readonly kind: "malformed";
  readonly problem: string;
}

export type Envelope = WriteEnvelope | ReadEnvelope | RouteEnvelope | InterestEnvelope;

const peekReader = new MsgpackReader();

/** Reads a request's envelope and leaves its operations alone. */
export function peekRequest(request: Uint8Array): Envelope | NoEnvelope {
  try {
    peekReader.reset(request);
    const envelope = readEnvelope(peekReader);
    const hasOperations = envelope.kind === requestKind.write || envelope.kind === requestKind.read;
    if (!hasOperations) peekReader.finish();
    else if (!peekReader.atArray) throw malformed("a request without operations");
    return envelope;
  } catch (thrown) {
    return { kind: "malformed", problem: problemOf(thrown) };
  }
}

/** Leaves the reader in front of the operations. Throws `MalformedBytes`. */
export function readEnvelope(reader: MsgpackReader): Envelope {
  const length = reader.arrayLength();
  const version = reader.integer();
  if (version !== requestVersion) throw malformed(`request version ${version}`);
  const kind = reader.integer();
  if (kind === requestKind.route) return routeEnvelope;
  if (kind === requestKind.write) return readWriteEnvelope(reader, length);
  if (kind === requestKind.read) return readReadEnvelope(reader, length);
  if (kind === requestKind.interest) return readInterestEnvelope(reader, length);
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

const knownConsistencies: readonly Consistency[] = Object.values(consistency);
