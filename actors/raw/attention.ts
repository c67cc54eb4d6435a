/**
 * When a node listens to raw requests. Each of them reaches every node that listens, so one that could only drop them
 * should not: it listens while a replica with keys leads here, campaigns, or knows no leader, and for a while longer.
 * A campaign takes several rounds of messages from where it begins, so that whoever comes to lead listens by then.
 */
import type { Cancel, Clock } from "../../infra/clock/clock.ts";
import type { Subscription } from "../../infra/transport/transport.ts";
import type { Replica } from "../replica/replica.ts";

export interface AttentionOptions {
  readonly clock: Clock;
  readonly replicas: () => Iterable<Replica>;
  readonly listen: () => readonly Subscription[];
}

const lookIntervalMs = 5_000;
/** Leaders come and go in quick succession: subscriptions are not to do the same. */
const idleLooksMax = 2;

export class Attention {
  readonly #options: AttentionOptions;
  #subscriptions: readonly Subscription[] = [];
  /** In a row that found nothing to listen for. */
  #idleLooks = 0;
  #cancelLook: Cancel | undefined;
  #stopped = false;

  constructor(options: AttentionOptions) {
    this.#options = options;
  }

  /** A replica may be about to lead. */
  call(): void {
    if (this.#stopped) return;
    this.#idleLooks = 0;
    if (this.#subscriptions.length > 0) return;
    this.#subscriptions = this.#options.listen();
    this.#lookLater();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelLook?.();
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.clock.after(lookIntervalMs, () => this.#look());
  }

  #look(): void {
    this.#idleLooks = this.#isNeeded() ? 0 : this.#idleLooks + 1;
    if (this.#idleLooks < idleLooksMax) return this.#lookLater();
    for (const subscription of this.#subscriptions) subscription.close();
    this.#subscriptions = [];
  }

  #isNeeded(): boolean {
    for (const { leads, leader, stopReason, regions } of this.#options.replicas()) {
      if (regions.owned.length === 0 || stopReason !== undefined) continue;
      if (leads || leader === undefined) return true;
    }
    return false;
  }
}
