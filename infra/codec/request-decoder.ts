/** Decodes requests where they are executed: writing ones as they come out of the log, reading ones as they arrive. */
import { crc32 } from "node:zlib";
import type { ReadOperation, WriteOperation } from "../../kv/commands/operation.ts";
import { loggedKind, type Logged } from "../../kv/frame.ts";
import { requestKind } from "./formats.ts";
import { malformed, problemOf } from "./malformed.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { OperationReader } from "./operation-reader.ts";
import {
  readEnvelope,
  type RawEnvelope,
  type ReadEnvelope,
  type WriteEnvelope,
} from "./request-envelope.ts";

export interface ReadFrame {
  readonly envelope: ReadEnvelope;
  readonly operations: readonly ReadOperation[];
}

export interface MalformedFrame {
  readonly problem: string;
}

export class RequestDecoder {
  readonly #reader = new MsgpackReader();
  readonly #operations = new OperationReader(this.#reader);

  /**
   * Decodes the writing request in `[start, end)`. It always comes out as one: what cannot be executed says so in
   * `problem`, on every replica alike.
   */
  logged(source: Uint8Array, start = 0, end = source.length): Logged {
    const reader = this.#reader;
    let envelope: WriteEnvelope | RawEnvelope = unknownEnvelope;
    let hash = 0;
    let operations: readonly WriteOperation[] = noOperations;
    let problem = "";
    try {
      reader.reset(source, start, end);
      const read = readEnvelope(reader);
      if (read.kind !== requestKind.write && read.kind !== requestKind.raw) {
        throw malformed("not a writing request");
      }
      envelope = read;
      // Only what is to be done is hashed: a retry may carry a newer floor.
      if (read.kind === requestKind.write) hash = crc32(source.subarray(reader.position, end));
      operations = this.#operations.writes(source);
      reader.finish();
    } catch (thrown) {
      problem = problemOf(thrown);
      operations = noOperations;
    }
    if (envelope.kind === requestKind.raw) {
      const { clusterId, group, identity, kept, firstKey, hash: own } = envelope;
      // Field by field: copying the envelope's with a spread takes several times as long as all the decoding.
      return {
        kind: loggedKind.request,
        clusterId,
        group,
        identity,
        kept,
        firstKey,
        number: 0,
        hash: own,
        operations,
        problem,
      };
    }
    const { kind, clusterId, group, session, born, number, floor } = envelope;
    return { kind, clusterId, group, session, born, number, floor, hash, operations, problem };
  }

  /** Decodes a whole reading frame. */
  readFrame(source: Uint8Array): ReadFrame | MalformedFrame {
    const reader = this.#reader;
    try {
      reader.reset(source);
      const envelope = readEnvelope(reader);
      if (envelope.kind !== requestKind.read) throw malformed("not a reading request");
      const operations = this.#operations.reads(source);
      reader.finish();
      return { envelope, operations };
    } catch (thrown) {
      return { problem: problemOf(thrown) };
    }
  }
}

const noOperations: readonly WriteOperation[] = [];

/** Names no cluster: such a frame is refused before anything else is looked at. */
const unknownEnvelope: WriteEnvelope = {
  kind: requestKind.write,
  clusterId: "",
  group: "",
  session: "",
  born: 0,
  number: 0,
  floor: 0,
};
