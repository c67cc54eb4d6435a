/** Reads of history for watches. Watches that ask the same at the same time, as after a gap, are answered by one read. */
import type { ReadRequest } from "../../infra/codec/request-encoder.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Changes, ChangesCursor, Range } from "../../kv/commands/operation.ts";
import type { ChangesResult, OperationResult, RangeResult } from "../../kv/commands/result.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Call, Completion, Place } from "../core/call.ts";
import { linearizable, type Freshness } from "../core/freshness.ts";
import { changeOfRow, type WatchedChange } from "./watched-change.ts";

export interface HistoryPage {
  readonly changes: readonly WatchedChange[];
  /** Where the next page begins; undefined = this was the last one. */
  readonly cursor: ChangesCursor | InternalKey | undefined;
  readonly place: Place;
  /** The group that answered owns less than was asked for: what lies from here on is another's. */
  readonly rest: InternalKey | undefined;
}

export interface PageReader {
  answered(page: HistoryPage): void;
  failed(failure: SynodError): void;
}

export type ReadFunction = (
  operation: ReadRequest,
  freshness: Freshness,
  timeoutMs: number,
  completion: Completion,
) => Call;

export class SharedReads {
  readonly #read: ReadFunction;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** Who waits for the answer to which question. */
  readonly #waiting = new Map<string, PageReader[]>();

  constructor(read: ReadFunction, clock: Clock, timeoutMs: number) {
    this.#read = read;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** The reader is called back once, in a later turn; when it does not want to be any more it looks away. */
  read(operation: Range | Changes, reader: PageReader): void {
    const question = JSON.stringify(operation);
    const waiting = this.#waiting.get(question);
    if (waiting !== undefined) {
      waiting.push(reader);
      return;
    }
    this.#waiting.set(question, [reader]);
    const failed = (failure: SynodError): void => {
      for (const one of this.#take(question)) one.failed(failure);
    };
    try {
      this.#read(operation, linearizable, this.#timeoutMs, {
        succeeded: (result, place, rest) => {
          const page = pageOf(result, place, rest);
          for (const one of this.#take(question)) one.answered(page);
        },
        failed,
      });
    } catch (thrown) {
      if (!(thrown instanceof SynodError)) throw thrown;
      this.#clock.defer(() => failed(thrown));
    }
  }

  #take(question: string): readonly PageReader[] {
    const waiting = this.#waiting.get(question) ?? [];
    this.#waiting.delete(question);
    return waiting;
  }
}

/** The core has checked that the result answers a question of this kind. */
function pageOf(
  result: OperationResult,
  { group, slot, index, lastRevision, asOf }: Place,
  rest: InternalKey | undefined,
): HistoryPage {
  const { rows, cursor } = result as RangeResult | ChangesResult;
  return {
    changes: rows.map(changeOfRow),
    cursor,
    place: { group, slot, index, lastRevision, asOf },
    rest,
  };
}
