/** A watch of a fake store, taken from as soon as there is something or only when the test says so. */
import {
  WatchCore,
  type WatchRequest,
  type WatchStatus,
} from "../../../client/watch/watch-core.ts";
import type { Beginning } from "../../../client/watch/strand.ts";
import { changeOperation } from "../../../kv/change.ts";
import type { KeyRange } from "../../../kv/commands/operation.ts";
import type { WatchedChange } from "../../../client/watch/watched-change.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { keyNamed } from "./fake-store.ts";

export interface ProbeOptions extends Partial<Omit<WatchRequest, "stretches">> {
  readonly range?: KeyRange;
  /** More than one place to begin at; `range` and the beginning do not count then. */
  readonly stretches?: WatchRequest["stretches"];
  /** Changes wait until `take` is called. */
  readonly slow?: boolean;
}

const letters = ["=", "-", "x", "!"];

export class WatchProbe {
  readonly core: WatchCore;
  readonly changes: WatchedChange[] = [];
  /** Of each change, how many of the beginning were to come behind it. */
  readonly left: (number | undefined)[] = [];
  readonly statuses: WatchStatus[] = [];
  /** Newest, by group. */
  readonly progress = new Map<string, number>();
  /** How many changes had been taken when the beginning was over; undefined = it is not. */
  initializedAfter: number | undefined;
  placed = false;

  constructor(world: FakeCluster, beginning: Beginning, options: ProbeOptions = {}) {
    const { range = group1, slow = false, stretches = [{ range, beginning }] } = options;
    const { filter, keysOnly = false, ignoreDeletes = false } = options;
    const { tombstonesToo = false, countsDown = false } = options;
    this.core = new WatchCore(
      world.client.core.watches,
      { stretches, filter, keysOnly, ignoreDeletes, tombstonesToo, countsDown },
      {
        readable: () => (slow ? undefined : this.take()),
        placed: () => (this.placed = true),
        initialized: () => (this.initializedAfter = this.changes.length),
        progressed: (group, revision) => this.progress.set(group, revision),
        statusChanged: (status) => this.statuses.push(status),
      },
    );
    this.core.begin();
  }

  take(count = Infinity): void {
    for (let left = count; left > 0; left--) {
      const change = this.core.take();
      if (change === undefined) return;
      this.changes.push(change);
      this.left.push(this.core.leftToBegin);
    }
  }

  /** `a=1 b-`: in the order in which they came; `x` is an expiry. */
  get told(): string {
    return this.changes.map(textOf).join(" ");
  }

  get revisions(): number[] {
    return this.changes.map(({ revision }) => revision);
  }
}

/** Everything that group g1 owns. */
export const group1: KeyRange = { start: keyNamed(""), end: keyNamed("m") };
export const group2: KeyRange = { start: keyNamed("m"), end: keyNamed("\xff") };

function textOf({ key, operation, value }: WatchedChange): string {
  const name = key.slice(key.indexOf("\0") + 1);
  const text = operation === changeOperation.put ? Buffer.from(value).toString() : "";
  return `${name}${letters[operation]}${text}`;
}
