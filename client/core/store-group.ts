/** One store group as a client sees it: its members, and a lane for each kind of frame that goes there. */
import type { Call } from "./call.ts";
import { freshnessName, linearizable, type Freshness } from "./freshness.ts";
import type { Lane, LaneHost } from "./lane.ts";
import type { Members } from "./members.ts";
import { ReadLane } from "./read-lane.ts";
import type { Sessions } from "./sessions.ts";
import { WriteLane } from "./write-lane.ts";

export class StoreGroup {
  readonly members: Members;
  readonly #name: string;
  readonly #host: LaneHost;
  readonly #writes: Lane;
  readonly #linearizableReads: Lane;
  /** By what their reads ask for, in the order of their making; a lane is given up when it has nothing to do. */
  readonly #otherReads = new Map<string, Lane>();

  constructor(name: string, members: Members, host: LaneHost, sessions: Sessions) {
    this.#name = name;
    this.members = members;
    this.#host = host;
    this.#writes = new WriteLane(name, members, host, sessions);
    this.#linearizableReads = new ReadLane(name, members, host, linearizable);
  }

  laneOf({ freshness }: Call): Lane {
    if (freshness === undefined) return this.#writes;
    if (freshness === linearizable) return this.#linearizableReads;
    return this.#otherLane(freshness);
  }

  forEachLane(visit: (lane: Lane) => void): void {
    visit(this.#writes);
    visit(this.#linearizableReads);
    for (const lane of this.#otherReads.values()) visit(lane);
  }

  tick(nowMs: number): void {
    this.forEachLane((lane) => lane.tick(nowMs));
    for (const [name, lane] of this.#otherReads) if (lane.isIdle) this.#otherReads.delete(name);
  }

  #otherLane(freshness: Freshness): Lane {
    const name = freshnessName(freshness);
    let lane = this.#otherReads.get(name);
    if (lane === undefined) {
      lane = new ReadLane(this.#name, this.members, this.#host, freshness);
      this.#otherReads.set(name, lane);
    }
    return lane;
  }
}
