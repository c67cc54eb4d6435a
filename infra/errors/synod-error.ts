/** The base of every error a user meets. */
import { errorTable, type ErrorCode, type Outcome } from "./error-table.ts";

/**
 * An expected failure. `code` is stable and documented, `outcome` says whether the operation may have taken
 * effect, `retryable` whether sending it again can help. The message says what happened and why; `nextStep`
 * what to do.
 */
export class SynodError extends Error {
  /** The class's name. */
  override readonly name: string = "SynodError";
  /** Stable; one of the error table. */
  readonly code: ErrorCode;
  /** Whether the operation may have taken effect. */
  readonly outcome: Outcome;
  /** Calling again, unchanged, can succeed and cannot do it twice. */
  readonly retryable: boolean;
  /** What to do about it, for whoever reads the error. */
  readonly nextStep: string;

  /** `outcome`, `retryable` and `nextStep` override the table where this occurrence knows better. */
  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly outcome?: Outcome;
      readonly retryable?: boolean;
      readonly nextStep?: string;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.outcome = options.outcome ?? errorTable[code].outcome;
    this.retryable = options.retryable ?? errorTable[code].retryable;
    this.nextStep = options.nextStep ?? errorTable[code].nextStep;
  }
}
