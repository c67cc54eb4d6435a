/** A process that watches, takes changes when the scenario says so, and may die and go on from its cursor. */
import { ClientCore } from "../../../client/core/client-core.ts";
import { continuedAt, parseCursor } from "../../../client/watch/cursor.ts";
import type { Beginning, Stretch } from "../../../client/watch/strand.ts";
import { WatchCore, type WatchListener } from "../../../client/watch/watch-core.ts";
import type { WatchedChange } from "../../../client/watch/watched-change.ts";
import { splitInternalKey } from "../../../infra/codec/key-text.ts";
import type { SimulatedProcess } from "../../../infra/clock/simulated-process.ts";
import { changeOperation } from "../../../kv/change.ts";
import type { KeyRange } from "../../../kv/commands/operation.ts";
import type { Revision } from "../../../kv/revision.ts";
import type { SimulatedCluster } from "../../../sim/simulated-cluster.ts";
import type { WatchRecord } from "../../../sim/workload/watch-record.ts";

export class Watching {
  readonly name: string;
  readonly #cluster: SimulatedCluster;
  readonly #range: KeyRange;
  readonly #changes: WatchedChange[] = [];
  #first: Beginning | undefined;
  #initialCount: number | undefined;
  #cursor: string | undefined;
  #process: SimulatedProcess | undefined;
  #client: ClientCore | undefined;
  #watch: WatchCore | undefined;
  #lives = 0;

  constructor(cluster: SimulatedCluster, name: string, range: KeyRange) {
    this.#cluster = cluster;
    this.#range = range;
    this.name = name;
  }

  begin(beginning: Beginning): void {
    this.#first = beginning;
    this.#live([{ range: this.#range, beginning }]);
  }

  /** kill -9: what the consumer had kept is the cursor behind what it has taken. */
  die(): void {
    this.#cursor = this.#watch?.cursorText;
    this.#process?.kill();
    this.#watch = undefined;
  }

  goOn(): void {
    if (this.#cursor === undefined) throw new Error(`${this.name} has kept no cursor`);
    this.#live(continuedAt([this.#range], parseCursor(undefined, this.#cursor)));
  }

  /** The store has answered, or the watch has ended. */
  get isSettled(): boolean {
    return this.#watch?.isPlaced === true || this.#watch?.failure !== undefined;
  }

  /** What it tells next, one change a line; why it ended, if it has. */
  take(countMax: number): string[] {
    const lines: string[] = [];
    while (lines.length < countMax) {
      const change = this.#watch?.take();
      if (change === undefined) break;
      this.#changes.push(change);
      lines.push(changeText(change));
    }
    const failure = this.#watch?.failure;
    if (failure !== undefined && lines.length < countMax) lines.push(failure.code);
    return lines;
  }

  /** For the oracle, which judges watches that began with everything or with current values. */
  get record(): WatchRecord | undefined {
    const begun = this.#first;
    if (this.#watch === undefined) return undefined;
    if (begun?.kind !== "current" && (begun?.kind !== "after" || begun.revision > 0)) {
      return undefined;
    }
    return {
      client: this.name,
      range: this.#range,
      withCurrent: begun.kind === "current",
      initialCount: this.#initialCount,
      changes: this.#changes,
      through: this.#through(),
      restarts: this.#lives - 1,
    };
  }

  #live(stretches: readonly Stretch[]): void {
    const { world, network, randomness, topology } = this.#cluster;
    this.#lives += 1;
    this.#process = world.machine(this.name).start();
    this.#client = new ClientCore({
      transport: network.connect(this.#process, {
        onProblem: (problem) => {
          if (problem.kind === "handler failed") throw problem.cause;
        },
      }),
      clock: this.#process.clock,
      randomness: randomness.split(`${this.name} ${this.#lives}`),
      prefix: topology.prefix,
    });
    const request = { stretches, filter: undefined, keysOnly: false, ignoreDeletes: false };
    this.#watch = new WatchCore(this.#client.watches, request, this.#listener());
    this.#watch.begin();
  }

  #listener(): WatchListener {
    return {
      readable: () => {},
      placed: () => {},
      initialized: () => {
        this.#initialCount ??= this.#changes.length;
      },
      progressed: () => {},
      statusChanged: () => {},
    };
  }

  /** Where it stands in each group. */
  #through(): ReadonlyMap<string, Revision> {
    const through = new Map<string, Revision>();
    for (const { range, beginning } of this.#watch?.cursor ?? []) {
      const group = this.#client?.routes?.groupOf(range.start);
      if (group === undefined) continue;
      const revision = beginning.kind === "after" ? beginning.revision : -1;
      through.set(group, Math.min(revision, through.get(group) ?? Infinity));
    }
    return through;
  }
}

function changeText({ key, operation, value }: WatchedChange): string {
  const name = splitInternalKey(key).key;
  if (operation === changeOperation.put) return `${name} = ${Buffer.from(value).toString()}`;
  return `${name} ${operation === changeOperation.expire ? "expired" : "deleted"}`;
}
