/** Frames as they lie in an entry, and what applying one comes to. */
import type { WriteOperation } from "./commands/operation.ts";
import type { OperationResult } from "./commands/result.ts";
import type { RefusalCode } from "./refusal.ts";
import type { Revision } from "./revision.ts";

/** 128 random bits, as 16 characters of one byte each. */
export type SessionId = string;

export interface Frame {
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

/** The log's final answer to a frame; kept by its session and given again to a duplicate. */
export interface ExecutedFrame {
  readonly refused: false;
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
