/** Waiting for a key until it is one's own. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import { requireNotAborted } from "../caller.ts";
import { AbortedError, ConflictError, TimeoutError } from "../errors.ts";
import { timeoutMsOf, type CallOptions } from "../options.ts";
import type { HeldKey } from "./held-key.ts";
import { KeyVacancy } from "./key-vacancy.ts";
import { Moment } from "./moment.ts";
import { Tenure } from "./tenure.ts";

/** For one attempt: an answer that comes later still counts, it only says less. */
const attemptMsMax = 30_000;
/** Without word of the key it is tried again after so long, and up to twice as long. */
const lookAgainMs = 5_000;
/** After a refusal for the moment. */
const pauseMs = 100;

export class Acquisition {
  readonly #key: HeldKey;
  readonly #signal: AbortSignal | undefined;
  readonly #timeoutMs: number | undefined;
  readonly #begunAt: Moment;
  readonly #vacancy: KeyVacancy;

  /** Waits for ever unless told otherwise. Throws what is wrong with the options. */
  constructor(key: HeldKey, { signal, timeoutMs }: CallOptions) {
    if (signal !== undefined) requireNotAborted(signal);
    this.#key = key;
    this.#signal = signal;
    this.#timeoutMs = timeoutMs === undefined ? undefined : timeoutMsOf(timeoutMs);
    this.#begunAt = new Moment(key.caller.clock);
    this.#vacancy = new KeyVacancy(key.caller, key.key);
  }

  async run(): Promise<Tenure> {
    try {
      for (;;) {
        const seen = this.#vacancy.seen;
        const outcome = await this.#attempt();
        if (outcome instanceof Tenure) return outcome;
        if (outcome === "taken") await this.#wait(seen);
        else await this.#vacancy.wait(Infinity, pauseMs, this.#signal);
        this.#requireWaiting();
      }
    } finally {
      this.#vacancy.close();
    }
  }

  async #attempt(): Promise<Tenure | "taken" | "refused for now"> {
    try {
      const sentAt = new Moment(this.#key.caller.clock);
      const revision = await this.#key.take(this.#callOptions());
      const tenure = new Tenure(this.#key, revision, revision, sentAt);
      return tenure.isHeld ? tenure : await this.#confirmed(revision);
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      if (failure instanceof ConflictError) return "taken";
      if (failure instanceof AbortedError || this.#isLate) this.#abandon(failure);
      if (this.#isLate || !mayPass(failure)) throw failure;
      return "refused for now";
    }
  }

  /** The answer came so late that the key may have expired: it is asked once more. */
  async #confirmed(token: number): Promise<Tenure | "taken"> {
    const sentAt = new Moment(this.#key.caller.clock);
    const revision = await this.#key.renew(token, this.#callOptions());
    const tenure = new Tenure(this.#key, token, revision, sentAt);
    return tenure.isHeld ? tenure : "taken";
  }

  async #wait(seen: number): Promise<void> {
    const { randomness } = this.#key.caller;
    const lookMs = lookAgainMs * (1 + randomness.fraction());
    await this.#vacancy.wait(seen, Math.max(1, Math.min(lookMs, this.#leftMs)), this.#signal);
  }

  #requireWaiting(): void {
    const signal = this.#signal;
    if (signal?.aborted === true) {
      throw new AbortedError("waiting for the lock was aborted", signal.reason, "not executed");
    }
    if (this.#isLate) {
      const timeoutMs = this.#timeoutMs ?? 0;
      const claim = `the lock was not free within ${timeoutMs} ms`;
      throw new TimeoutError(claim, timeoutMs, "not executed");
    }
  }

  #callOptions(): CallOptions {
    const timeoutMs = Math.max(1, Math.ceil(Math.min(attemptMsMax, this.#leftMs)));
    return this.#signal === undefined ? { timeoutMs } : { timeoutMs, signal: this.#signal };
  }

  get #leftMs(): number {
    return this.#timeoutMs === undefined ? Infinity : this.#timeoutMs - this.#begunAt.elapsedMs;
  }

  get #isLate(): boolean {
    return this.#leftMs <= 0;
  }

  #abandon({ outcome }: SynodError): void {
    // Best effort: what is not taken back expires.
    if (outcome === "unknown") this.#key.abandon().catch(() => {});
  }
}

function mayPass({ retryable, outcome, code }: SynodError): boolean {
  if (code === "ABORTED" || code === "CLIENT_CLOSED") return false;
  return retryable || outcome === "unknown";
}
