/**
 * What a node knows of where keys live: the newest published table, before that what the cluster was born with, and
 * what its own replicas know of leaders.
 */
import type { Route } from "../../infra/codec/route-codec.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { revisionAt } from "../../kv/revision.ts";
import type { GroupRoute, RoutingTable } from "../../machines/region-manager/routing.ts";

export class RouteBook {
  readonly #clock: Clock;
  /** A group's leader as this node's own replica knows it; null where that looks in vain for whomever the table names. */
  readonly #ownWord: (group: string) => string | null | undefined;
  /** As of the birth of `meta`; undefined until that is known. */
  readonly #bornWith: () => Omit<RoutingTable, "version" | "physicalMs"> | undefined;
  #table: RoutingTable | undefined;
  #receivedMs = 0;

  constructor(
    clock: Clock,
    ownWord: (group: string) => string | null | undefined,
    bornWith: () => Omit<RoutingTable, "version" | "physicalMs"> | undefined,
  ) {
    this.#clock = clock;
    this.#ownWord = ownWord;
    this.#bornWith = bornWith;
  }

  adopt(table: RoutingTable): void {
    if (this.#table !== undefined && table.version < this.#table.version) return;
    this.#table = table;
    this.#receivedMs = this.#clock.monotonicMs();
  }

  /** A table has been published to this node. */
  get informed(): boolean {
    return this.#table !== undefined;
  }

  leaderOf(group: string): string | undefined {
    const own = this.#ownWord(group);
    if (own !== undefined) return own ?? undefined;
    return this.#table?.groups.find((route) => route.group === group)?.leader;
  }

  knows(group: string): boolean {
    return this.#table?.groups.some((route) => route.group === group) ?? false;
  }

  /**
   * The answer to `route`. Until a table was published it is that of the birth, as version 0 and without a time: good
   * enough for reads that may be stale, which are answered without any leader. Undefined before the birth.
   */
  route(): Route | undefined {
    if (this.#table === undefined) {
      const bornWith = this.#bornWith();
      return bornWith && { ...bornWith, version: 0, groups: this.#led(bornWith.groups), stamp: 0 };
    }
    const { physicalMs, ...table } = this.#table;
    const ageMs = this.#clock.monotonicMs() - this.#receivedMs;
    return { ...table, groups: this.#led(table.groups), stamp: revisionAt(physicalMs + ageMs) };
  }

  #led(groups: readonly GroupRoute[]): readonly GroupRoute[] {
    return groups.map((route) => ({ ...route, leader: this.leaderOf(route.group) }));
  }
}
