/** Frames and requests as they lie in an entry, and what applying one comes to. */
import type { WriteOperation } from "./commands/operation.ts";
import type { OperationResult } from "./commands/result.ts";
import type { RefusalCode } from "./refusal.ts";
import type { Revision } from "./revision.ts";
import type { InternalKey } from "./state-reader.ts";

/** 128 random bits, as 16 characters of one byte each. */
export type SessionId = string;

/** 128 bits of a hash, as 16 characters of one byte each; empty for a request that nothing tells from its copies. */
export type RequestId = string;

/** Numbers on the wire: the kinds of request that an entry can hold. */
export const loggedKind = { frame: 1, request: 3 } as const;

/** What a request's identity was made of, which decides how long its answer is kept. */
export const kept = {
  /** The subject the answer goes to: kept for as long as copies of the request can be on their way. */
  reply: 0,
  /** A message id that the client chose: kept for as long as a client may ask again. */
  message: 1,
  /** Nothing: it is executed as often as it gets into the log. */
  nothing: 2,
} as const;
export type Kept = (typeof kept)[keyof typeof kept];

export interface Frame {
  readonly kind: typeof loggedKind.frame;
  readonly clusterId: string;
  readonly group: string;
  readonly session: SessionId;
  /** A revision the session's client had seen when it made the session. */
  readonly born: Revision;
  /** The frame's number in its session and group, from 1. */
  readonly number: number;
  /** Every number up to it has its final answer at the client, or was given up. */
  readonly floor: number;
  /** Hash of the operations' bytes: tells a retry from another frame under the same number. */
  readonly hash: number;
  readonly operations: readonly WriteOperation[];
  /** Why the frame cannot be executed; empty when it can. */
  readonly problem: string;
}

/** One operation of a client without a session: every copy of it that a leader proposes carries the same identity. */
export interface Request {
  readonly kind: typeof loggedKind.request;
  readonly clusterId: string;
  readonly group: string;
  readonly identity: RequestId;
  readonly kept: Kept;
  /** The key whose region the answer belongs to. */
  readonly firstKey: InternalKey;
  /** Requests have no number. */
  readonly number: 0;
  /** Tells a copy from another request under the same identity. */
  readonly hash: number;
  readonly operations: readonly WriteOperation[];
  /** Why the request cannot be executed; empty when it can. */
  readonly problem: string;
}

export type Logged = Frame | Request;

/** The log's final answer; kept by the frame's session, or under the request's identity, and given again to a duplicate. */
export interface ExecutedFrame {
  readonly refused: false;
  /** 0 for a request. */
  readonly number: number;
  readonly hash: number;
  readonly slot: number;
  /** Position of the frame in its entry. */
  readonly index: number;
  /** Last revision right behind the frame. */
  readonly lastRevision: Revision;
  readonly results: readonly OperationResult[];
}

/** The frame was not executed now; whether it ever was is for the code's outcome to say. */
export interface RefusedFrame {
  readonly refused: true;
  readonly number: number;
  readonly code: RefusalCode;
  readonly message: string;
}

export type FrameOutcome = ExecutedFrame | RefusedFrame;
