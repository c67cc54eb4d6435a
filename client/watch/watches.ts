/** All watches of one client, and what they share: a feed for each store group, and reads of history. */
import type { Clock } from "../../infra/clock/clock.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import { Backoff } from "../core/backoff.ts";
import type { RouteMap } from "../core/route-map.ts";
import { GroupFeed, type FeedHost, type FeedListener, type Hearing } from "./group-feed.ts";
import { defaultWatchLimits, type WatchLimits } from "./limits.ts";
import { SharedReads, type ReadFunction } from "./shared-reads.ts";

export interface WatchesOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly prefix: string;
  readonly limits: Partial<WatchLimits> | undefined;
  readonly routes: () => RouteMap | undefined;
  readonly wantRoute: () => void;
  readonly read: ReadFunction;
  /** The request that says that somebody wants a group's feed. */
  readonly interest: (clusterId: string, group: string) => Uint8Array;
  /** A message on a feed was none. */
  readonly malformed: () => void;
}

/** A watch as its client sees it. */
export interface AttachedWatch {
  tick(nowMs: number): void;
  routeAdopted(): void;
  connectionChanged(): void;
  clientClosed(): void;
}

export class Watches {
  readonly clock: Clock;
  readonly limits: WatchLimits;
  readonly reads: SharedReads;
  readonly #options: WatchesOptions;
  readonly #backoff: Backoff;
  readonly #feedHost: FeedHost;
  readonly #feeds = new Map<string, GroupFeed>();
  readonly #watches = new Set<AttachedWatch>();
  #tickScheduled = false;
  #closed = false;

  constructor(options: WatchesOptions) {
    const { transport, clock, randomness, prefix, routes, interest, malformed } = options;
    this.clock = clock;
    this.limits = { ...defaultWatchLimits, ...options.limits };
    this.#options = options;
    this.reads = new SharedReads(options.read, clock, this.limits.readTimeoutMs);
    this.#backoff = new Backoff(randomness, this.limits);
    const clusterId = (): string | undefined => routes()?.clusterId;
    this.#feedHost = {
      transport,
      clock,
      randomness,
      limits: this.limits,
      clusterId,
      malformed,
      feedSubject: (group) => `${prefix}.feed.${group}`,
      interestSubject: `${prefix}.api`,
      interest: (group) => {
        const id = clusterId();
        return id === undefined ? undefined : interest(id, group);
      },
    };
  }

  get count(): number {
    return this.#watches.size;
  }

  get routes(): RouteMap | undefined {
    return this.#options.routes();
  }

  get isConnected(): boolean {
    return this.#options.transport.connected;
  }

  wantRoute(): void {
    this.#options.wantRoute();
  }

  backoffMs(failures: number): number {
    return this.#backoff.delayMs(failures);
  }

  add(watch: AttachedWatch): void {
    this.#watches.add(watch);
    if (this.#closed) watch.clientClosed();
    else this.#scheduleTick();
  }

  remove(watch: AttachedWatch): void {
    this.#watches.delete(watch);
  }

  join(group: string, listener: FeedListener): void {
    let feed = this.#feeds.get(group);
    if (feed === undefined) {
      feed = new GroupFeed(group, this.#feedHost);
      this.#feeds.set(group, feed);
    }
    feed.add(listener);
  }

  leave(group: string, listener: FeedListener): void {
    const feed = this.#feeds.get(group);
    feed?.remove(listener);
    if (feed?.isWanted === false) this.#feeds.delete(group);
  }

  hearing(group: string): Hearing {
    return this.#feeds.get(group)?.hearing(this.clock.monotonicMs()) ?? "silent";
  }

  routeAdopted(): void {
    for (const watch of this.#watches) watch.routeAdopted();
  }

  connectionChanged(connected: boolean): void {
    if (connected) for (const feed of this.#feeds.values()) feed.reconnected();
    for (const watch of this.#watches) watch.connectionChanged();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const watch of this.#watches) watch.clientClosed();
  }

  #scheduleTick(): void {
    if (this.#tickScheduled) return;
    this.#tickScheduled = true;
    this.clock.after(this.limits.tickMs, () => {
      this.#tickScheduled = false;
      if (this.#watches.size === 0) return;
      const nowMs = this.clock.monotonicMs();
      for (const feed of this.#feeds.values()) feed.tick(nowMs);
      for (const watch of this.#watches) watch.tick(nowMs);
      this.#scheduleTick();
    });
  }
}
