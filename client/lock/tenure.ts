/**
 * The time for which a key is certainly owned. It is counted from before the write was sent that proves it, and ends a
 * quarter of the key's life early: so long the group's clock may run ahead of this one.
 */
import type { Cancel } from "../../infra/clock/clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Revision } from "../../kv/revision.ts";
import type { HeldKey } from "./held-key.ts";
import { Moment } from "./moment.ts";

/** Shares of the key's life: when it is renewed, and when it counts as lost. */
const renewalShare = 1 / 4;
const certainShare = 3 / 4;
/** After a renewal that was refused for the moment, as a share of the key's life. */
const pauseShare = 1 / 40;

export class Tenure {
  readonly token: Revision;
  /** Resolves when it is over, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #key: HeldKey;
  readonly #controller = new AbortController();
  #state: "held" | "lost" | "released" = "held";
  #revision: Revision;
  /** Before the last write was sent that is known to have been executed. */
  #provenAt: Moment;
  #renewing: Promise<void> = Promise.resolve();
  #cancelLoss: Cancel = () => {};
  #cancelRenewal: Cancel = () => {};
  #forgetClient: () => void = () => {};
  #releasing: Promise<void> | undefined;
  #resolveEnded: () => void = () => {};

  constructor(key: HeldKey, token: Revision, revision: Revision, sentAt: Moment) {
    this.token = token;
    this.#key = key;
    this.#revision = revision;
    this.#provenAt = sentAt;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#watchTime();
    this.#planRenewal(this.#key.ttlMs * renewalShare - sentAt.elapsedMs);
    this.#forgetClient = key.caller.core.whenClosed(() => this.#closed());
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isHeld(): boolean {
    return this.#state === "held" && this.#leftMs > 0;
  }

  /** Ends it, and lets others have the key at once if that can be said in time. Never rejects. */
  async release(): Promise<void> {
    if (this.#state === "held") this.#releasing = this.#release();
    await this.#releasing;
  }

  async #release(): Promise<void> {
    this.#end("released");
    await this.#renewing;
    try {
      await this.#key.remove(this.#revision, { timeoutMs: this.#key.ttlMs });
    } catch (failure) {
      // It was lost already, or it expires by itself.
      if (!(failure instanceof SynodError)) throw failure;
    }
  }

  get #leftMs(): number {
    return this.#key.ttlMs * certainShare - this.#provenAt.elapsedMs;
  }

  /** Timers may come late, the clock does not: `isHeld` looks at it every time. */
  #watchTime(): void {
    this.#cancelLoss();
    this.#cancelLoss = this.#key.caller.clock.after(Math.max(0, this.#leftMs), () => {
      if (this.#state !== "held") return;
      if (this.#leftMs > 0) this.#watchTime();
      else this.#lose("it could not be renewed in time", undefined);
    });
  }

  #planRenewal(delayMs: number): void {
    this.#cancelRenewal = this.#key.caller.clock.after(Math.max(0, delayMs), () => {
      if (this.#state === "held") this.#renewing = this.#renew();
    });
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const leftMs = this.#leftMs;
    if (leftMs <= 0) return this.#lose("it could not be renewed in time", undefined);
    const sentAt = new Moment(this.#key.caller.clock);
    try {
      const revision = await this.#key.renew(this.#revision, { timeoutMs: Math.ceil(leftMs) });
      this.#renewed(revision, sentAt);
    } catch (failure) {
      this.#notRenewed(failure);
    }
  }

  #renewed(revision: Revision, sentAt: Moment): void {
    // Whoever releases it has to name its newest revision.
    this.#revision = revision;
    if (this.#state !== "held") return;
    // It counted as lost for a moment: somebody may have been told so.
    if (this.#leftMs <= 0) return this.#lose("its renewal was answered too late", undefined);
    this.#provenAt = sentAt;
    this.#watchTime();
    this.#planRenewal(this.#key.ttlMs * renewalShare - sentAt.elapsedMs);
  }

  #notRenewed(failure: unknown): void {
    if (this.#state !== "held") return;
    if (!(failure instanceof SynodError)) return this.#lose("renewing it failed", failure);
    if (failure.code === "CONFLICT") return this.#lose("its key expired or was written", failure);
    const mayPass = failure.retryable || failure.outcome === "unknown";
    if (!mayPass) return this.#lose("renewing it was refused", failure);
    this.#planRenewal(this.#key.ttlMs * pauseShare);
  }

  /** Nobody renews it any more, and no timer of it may keep the program running. */
  #closed(): void {
    this.#lose("its client was closed", undefined);
  }

  #lose(why: string, cause: unknown): void {
    if (this.#state !== "held") return;
    this.#end("lost");
    this.#controller.abort(new SynodError("LOCK_LOST", `the lock was lost: ${why}`, { cause }));
  }

  #end(state: "lost" | "released"): void {
    this.#state = state;
    this.#cancelLoss();
    this.#cancelRenewal();
    this.#forgetClient();
    this.#resolveEnded();
  }
}
