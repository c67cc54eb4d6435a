/** One raw request on its way, and how its answer is said. */
import {
  deleteAnswer,
  errorAnswer,
  errorOf,
  incrementAnswer,
  rangeAnswer,
  revisionAnswer,
  transactionAnswer,
  valueAnswer,
  type RangePart,
  type RawAnswer,
  type RawError,
} from "../../infra/codec/raw/raw-answer.ts";
import { errorTable, type Outcome } from "../../infra/errors/error-table.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import {
  isFailure,
  type OperationFailure,
  type OperationResult,
} from "../../kv/commands/result.ts";
import type { ExecutedFrame } from "../../kv/frame.ts";
import type { Refusal, Waiter } from "../replica/answers.ts";
import type { Reader, Reading } from "../replica/reads.ts";
import type { Endpoint } from "./endpoint.ts";

/** What all calls share. */
export interface RawCallPorts {
  readonly nowMs: () => number;
  /** Bytes of an answer. */
  readonly bytesMax: () => number;
  /** False when the answer is too large for the server. Never throws. */
  readonly publish: (reply: string, answer: RawAnswer) => boolean;
}

export class RawCall implements Waiter, Reader {
  readonly #ports: RawCallPorts;
  readonly #endpoint: Endpoint;
  readonly #reply: string | undefined;
  readonly #isPacked: boolean;
  readonly #arrivedMs: number;
  /** The request only reads: whatever is refused of it was not executed. */
  reads = false;
  /** The client can ask again under the same identity. */
  repeatable = false;
  /** Checks of a transaction, in front of its operations. */
  checks = 0;
  range: RangePart | undefined;

  /** Without `reply` nobody waits for the answer. */
  constructor(
    ports: RawCallPorts,
    endpoint: Endpoint,
    reply: string | undefined,
    isPacked: boolean,
  ) {
    this.#ports = ports;
    this.#endpoint = endpoint;
    this.#reply = reply;
    this.#isPacked = isPacked;
    this.#arrivedMs = ports.nowMs();
  }

  executed({ results }: ExecutedFrame): void {
    this.#answer(results[0]);
  }

  /** There is one operation. */
  read(reading: Reading): void {
    reading.each((result) => this.#answer(result));
  }

  /** Before the log every refusal speaks of this attempt only, and another node may have taken the request too. */
  refused({ code, message }: Refusal, decided = false): void {
    const isCertain = this.reads || (decided && code !== "OVERLOADED");
    const outcome = isCertain ? errorTable[code].outcome : "unknown";
    const canSucceed = errorTable[code].retryable || code === "LEADERSHIP_LOST";
    // Asked again under a subject of its own, what was executed after all would be executed twice.
    const retryable = canSucceed && (outcome === "not executed" || this.repeatable);
    this.fail({ code, message, outcome, retryable });
  }

  fail(error: RawError): void {
    this.#endpoint.failed(this.#processingMs(), `${error.code}: ${error.message}`);
    this.#say(errorAnswer(error, this.#isPacked));
  }

  #answer(result: OperationResult | undefined): void {
    const answer = result === undefined ? undefined : this.#rendered(result);
    if (answer === undefined || "code" in answer) {
      return this.fail(answer ?? { ...tooLarge, outcome: this.#outcome });
    }
    this.#endpoint.answered(this.#processingMs());
    this.#say(answer);
  }

  #rendered(result: OperationResult): RawAnswer | RawError | undefined {
    if (typeof result === "number") return revisionAnswer(result);
    if (isFailure(result)) return this.#failureOf(result);
    switch (result.kind) {
      case operationKind.get:
        return result.version === undefined ? missing : valueAnswer(result.version);
      case operationKind.delete:
        return deleteAnswer(result.revision, result.existed);
      case operationKind.increment:
        return incrementAnswer(result.revision, result.value);
      case operationKind.transaction: {
        const answer = transactionAnswer(result, this.#isPacked, this.#ports.bytesMax());
        if (answer !== undefined) return answer;
        const message = `the transaction was executed at revision ${result.revision}, but its results do not fit into one message`;
        return { code: "FRAME_TOO_LARGE", message, outcome: "unknown" };
      }
      case operationKind.range:
        return (
          this.range && rangeAnswer(result, this.range, this.#isPacked, this.#ports.bytesMax())
        );
      default:
        return undefined;
    }
  }

  /** Under a message id the log's answer stays what it is. */
  #failureOf(failure: OperationFailure): RawError {
    const error = errorOf(failure, this.checks);
    if (!this.repeatable || !errorTable[failure.code].retryable) return error;
    const message = `${error.message}; ask again under another message id`;
    return { ...error, message, retryable: false };
  }

  #say(answer: RawAnswer): void {
    const { publish } = this.#ports;
    const reply = this.#reply;
    if (reply === undefined || publish(reply, answer)) return;
    publish(reply, errorAnswer({ ...tooLarge, outcome: this.#outcome }, this.#isPacked));
  }

  get #outcome(): Outcome {
    return this.reads ? "not executed" : "unknown";
  }

  #processingMs(): number {
    return this.#ports.nowMs() - this.#arrivedMs;
  }
}

const missing: RawError = {
  code: "KEY_NOT_FOUND",
  message: "there is no such key",
  outcome: "not executed",
};

const tooLarge = {
  code: "FRAME_TOO_LARGE",
  message: "the answer does not fit into one message",
} as const;
