/**
 * The feed of one store group, shared by all watches of a client: one subscription, and interest that is renewed only
 * as often as nobody else renews it.
 */
import { FeedDecoder } from "../../infra/codec/feed-codec.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";
import type { Subscription, Transport } from "../../infra/transport/transport.ts";
import type { FeedEntry } from "./feed-entry.ts";
import { FeedParts } from "./feed-parts.ts";
import type { WatchLimits } from "./limits.ts";

export interface FeedListener {
  /** In the order in which messages came, which may have holes, repetitions and old entries. */
  heard(entry: FeedEntry): void;
  /** Something may have been missed without any later message to show it. */
  doubt(): void;
}

export interface FeedHost {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly limits: WatchLimits;
  readonly feedSubject: (group: string) => string;
  /** Where every node hears that somebody wants a feed. */
  readonly interestSubject: string;
  /** The request; undefined while the cluster's id is not known. */
  readonly interest: (group: string) => Uint8Array | undefined;
  readonly clusterId: () => string | undefined;
  readonly malformed: () => void;
}

/** `awaited`: it has only just been asked for. */
export type Hearing = "heard" | "awaited" | "silent";

/** After asking, messages that left before still tell the old time. */
const renewalMsMin = 1_000;

export class GroupFeed {
  readonly #group: string;
  readonly #host: FeedHost;
  readonly #listeners = new Set<FeedListener>();
  readonly #decoder = new FeedDecoder();
  readonly #parts = new FeedParts();
  #subscription: Subscription | undefined;
  /** On the present connection; -Infinity = not yet. */
  #heardMs = -Infinity;
  /** When the present connection, or the subscription, began. */
  #sinceMs = -Infinity;
  #askedMs = -Infinity;
  #nextAskMs = Infinity;
  #asksInVain = 0;
  #renewBelowMs = 0;

  constructor(group: string, host: FeedHost) {
    this.#group = group;
    this.#host = host;
  }

  get isWanted(): boolean {
    return this.#listeners.size > 0;
  }

  add(listener: FeedListener): void {
    this.#listeners.add(listener);
    if (this.#subscription !== undefined) return;
    const { transport, feedSubject } = this.#host;
    this.#subscription = transport.subscribe(feedSubject(this.#group), ({ payload }) =>
      this.#received(payload),
    );
    this.#begin();
  }

  remove(listener: FeedListener): void {
    this.#listeners.delete(listener);
    if (this.isWanted) return;
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#parts.clear();
    this.#nextAskMs = Infinity;
  }

  hearing(nowMs: number): Hearing {
    const { transport, limits } = this.#host;
    if (!transport.connected) return "silent";
    if (nowMs - this.#heardMs < limits.silenceMs) return "heard";
    return nowMs - this.#sinceMs < limits.silenceMs ? "awaited" : "silent";
  }

  tick(nowMs: number): void {
    if (!this.#host.transport.connected || nowMs < this.#nextAskMs) return;
    this.#ask(nowMs);
    if (this.hearing(nowMs) === "silent") this.#doubt();
  }

  /** Whatever was said in between is lost. */
  reconnected(): void {
    if (this.#subscription === undefined) return;
    this.#begin();
    this.#doubt();
  }

  #begin(): void {
    const nowMs = this.#host.clock.monotonicMs();
    this.#parts.clear();
    this.#heardMs = -Infinity;
    this.#sinceMs = nowMs;
    this.#asksInVain = 0;
    this.#ask(nowMs);
  }

  #ask(nowMs: number): void {
    const { transport, randomness, limits, interestSubject, interest } = this.#host;
    const request = interest(this.#group);
    if (request !== undefined) transport.publish(interestSubject, request);
    const { renewBelowMsMin, renewBelowMsMax, askAgainMsMin, askAgainMsMax } = limits;
    const spread = renewBelowMsMax - renewBelowMsMin;
    this.#renewBelowMs = renewBelowMsMin + randomness.fraction() * spread;
    this.#askedMs = nowMs;
    const pauseMs = Math.min(askAgainMsMax, askAgainMsMin * 2 ** Math.min(this.#asksInVain, 10));
    this.#asksInVain++;
    this.#nextAskMs = nowMs + pauseMs * (0.75 + randomness.fraction() / 2);
  }

  #doubt(): void {
    for (const listener of this.#listeners) listener.doubt();
  }

  #received(payload: Uint8Array): void {
    const { clock, clusterId, malformed, limits } = this.#host;
    const message = this.#decoder.decode(payload);
    if ("kind" in message) return malformed();
    if (message.group !== this.#group || message.clusterId !== clusterId()) return;
    const nowMs = clock.monotonicMs();
    this.#heardMs = nowMs;
    this.#asksInVain = 0;
    this.#nextAskMs = nowMs + limits.silenceMs;
    const mayRenew = nowMs - this.#askedMs >= renewalMsMin;
    if (message.interestMs < this.#renewBelowMs && mayRenew) {
      this.#ask(nowMs);
      this.#asksInVain = 0;
      this.#nextAskMs = nowMs + limits.silenceMs;
    }
    const entry = this.#parts.take(message, payload.length, () => {
      const copy = this.#decoder.decode(payload.slice());
      return "kind" in copy ? message : copy;
    });
    if (entry === undefined) return;
    for (const listener of this.#listeners) listener.heard(entry);
  }
}
