/** One operation a caller waits for, from the moment it is issued until its outcome is told. */
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import type { SynodError } from "../../infra/errors/synod-error.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { CallQueue } from "./call-queue.ts";
import type { Frame } from "./frame.ts";
import type { Freshness } from "./freshness.ts";
import type { Refusal } from "./refusal.ts";
import type { Span } from "./route-map.ts";

export type Request = WriteRequest | ReadRequest;

/** Where in a group's log an answer was decided. */
export interface Place {
  readonly group: string;
  readonly slot: number;
  readonly index: number;
  readonly lastRevision: Revision;
  /** For reads: a leader's stamp that the answer is not older than; 0 = none is known. */
  readonly asOf: Revision;
}

/** Who is told how a call ended: exactly one of the two is called, once, and never while the call is being made. */
export interface Completion {
  /**
   * Values in the result are windows onto a message that is lent for this call only. `rest` is where an operation on
   * a range has to go on (the new start, or the new end when it is reversed); undefined = it is done.
   */
  succeeded(result: OperationResult, place: Place, rest: InternalKey | undefined): void;
  failed(failure: SynodError): void;
}

export class Call {
  readonly operation: Request;
  /** Undefined for writes. */
  readonly freshness: Freshness | undefined;
  readonly completion: Completion;
  readonly timeoutMs: number;
  /** Monotonic time at which the caller stops waiting. */
  readonly deadlineMs: number;
  /** Encoded length at most. */
  readonly bytes: number;
  /** Its share of a frame: operations of a write, rows of a read's answer. */
  readonly weight: number;
  /** What has to fit into a frame together with it; 0 on all but the first of calls that travel together. */
  unitBytes: number;
  unitWeight: number;
  /** The operation as it is sent: a range is clipped to what one group owns. */
  request: Request;
  /** The clipped range; undefined for other operations. */
  span: Span | undefined = undefined;
  settled = false;
  /** At most one of queue and frame is set: where the call is now. */
  queue: CallQueue | undefined = undefined;
  frame: Frame | undefined = undefined;
  indexInFrame = 0;
  /** How often the log or a replica has sent this operation back to be sent again. */
  tries = 0;
  restUntilMs = 0;
  /** The last answer it got in a frame it is not in any more. */
  refusal: Refusal | undefined = undefined;
  /** Neighbours in its slot of the deadline wheel. */
  nextDue: Call | undefined = undefined;
  previousDue: Call | undefined = undefined;

  constructor(
    operation: Request,
    freshness: Freshness | undefined,
    completion: Completion,
    bytes: number,
    weight: number,
    timeoutMs: number,
    nowMs: number,
  ) {
    this.operation = operation;
    this.freshness = freshness;
    this.completion = completion;
    this.timeoutMs = timeoutMs;
    this.deadlineMs = nowMs + timeoutMs;
    this.bytes = bytes;
    this.weight = weight;
    this.unitBytes = bytes;
    this.unitWeight = weight;
    this.request = operation;
  }

  get issuedMs(): number {
    return this.deadlineMs - this.timeoutMs;
  }

  get isWrite(): boolean {
    return this.freshness === undefined;
  }

  /** From now on it may travel without those it was issued with. */
  standAlone(): void {
    this.unitBytes = this.bytes;
    this.unitWeight = this.weight;
  }
}

/** They share one frame: it is measured by the first of them. */
export function travelTogether(calls: readonly Call[]): void {
  let bytes = 0;
  let weight = 0;
  for (const call of calls) {
    bytes += call.bytes;
    weight += call.weight;
    call.unitBytes = 0;
    call.unitWeight = 0;
  }
  const [first] = calls;
  if (first === undefined) return;
  first.unitBytes = bytes;
  first.unitWeight = weight;
}
