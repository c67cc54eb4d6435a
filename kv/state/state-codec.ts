/** How the parts of a replica's state that live in memory become cells of a checkpoint, as a port. */
import type { ExecutedFrame } from "../frame.ts";
import type { Revision } from "../revision.ts";
import type { InternalKey } from "../state-reader.ts";
import type { Directory } from "./directory.ts";
import type { Region } from "./regions.ts";

export interface SessionImage {
  readonly born: Revision;
  readonly floor: number;
  /** By number, all above the floor. */
  readonly answers: readonly ExecutedFrame[];
}

/** A state checksum and the slot behind which it was taken. */
export interface ChecksumAt {
  readonly slot: number;
  readonly value: number;
}

/** Everything apply reads that is neither a key nor a session. */
export interface ReplicaImage {
  readonly appliedThrough: number;
  readonly lastRevision: Revision;
  readonly watermark: Revision;
  readonly checksum: number;
  /** The newest checksum replicas compare. */
  readonly comparable: ChecksumAt;
  readonly regions: readonly Region[];
  readonly directory: Directory;
}

/** What is kept of a request, beside its identity. */
export interface RequestImage {
  readonly firstKey: InternalKey;
  readonly answer: ExecutedFrame;
}

export interface StateCodec {
  encodeSession(session: SessionImage): Uint8Array;
  decodeSession(source: Uint8Array, start: number, end: number): SessionImage;
  encodeReplica(replica: ReplicaImage): Uint8Array;
  decodeReplica(source: Uint8Array, start: number, end: number): ReplicaImage;
  /** Valid until the next call. */
  encodeRequest(request: RequestImage): Uint8Array;
  decodeRequest(source: Uint8Array, start: number, end: number): RequestImage;
}
