/** What a node knows of where keys live: the newest published table, and what its own replicas know of leaders. */
import type { Route } from "../../infra/codec/route-codec.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { revisionAt } from "../../kv/revision.ts";
import type { RoutingTable } from "../../machines/region-manager/routing.ts";

export class RouteBook {
  readonly #clock: Clock;
  /** A group's leader as this node's own replica knows it. */
  readonly #ownWord: (group: string) => string | undefined;
  #table: RoutingTable | undefined;
  #receivedMs = 0;

  constructor(clock: Clock, ownWord: (group: string) => string | undefined) {
    this.#clock = clock;
    this.#ownWord = ownWord;
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
    return (
      this.#ownWord(group) ?? this.#table?.groups.find((route) => route.group === group)?.leader
    );
  }

  knows(group: string): boolean {
    return this.#table?.groups.some((route) => route.group === group) ?? false;
  }

  /** The answer to `route`; undefined until a table was published. */
  route(): Route | undefined {
    if (this.#table === undefined) return undefined;
    const { physicalMs, ...table } = this.#table;
    const ageMs = this.#clock.monotonicMs() - this.#receivedMs;
    return {
      ...table,
      groups: table.groups.map((route) => ({ ...route, leader: this.leaderOf(route.group) })),
      stamp: revisionAt(physicalMs + ageMs),
    };
  }
}
