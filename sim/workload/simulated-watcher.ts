/**
 * A client process that watches a bucket: as fast as changes come, or slowly; through restarts, after which it goes on
 * from the cursor it had kept.
 */
import { ClientCore } from "../../client/core/client-core.ts";
import { continuedAt, parseCursor } from "../../client/watch/cursor.ts";
import type { WatchLimits } from "../../client/watch/limits.ts";
import type { Beginning } from "../../client/watch/strand.ts";
import { WatchCore, type WatchListener } from "../../client/watch/watch-core.ts";
import type { WatchedChange } from "../../client/watch/watched-change.ts";
import type { SimulatedMachine } from "../../infra/clock/simulated-machine.ts";
import type { SimulatedProcess } from "../../infra/clock/simulated-process.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { SimulatedNetwork } from "../../infra/transport/simulated-network.ts";
import type { KeyRange } from "../../kv/commands/operation.ts";
import type { Revision } from "../../kv/revision.ts";
import { Violation } from "../violation.ts";
import { CarelessTransport } from "./careless-transport.ts";
import type { WatchRecord } from "./watch-record.ts";

export interface SimulatedWatcherOptions {
  readonly name: string;
  readonly machine: SimulatedMachine;
  readonly network: SimulatedNetwork;
  readonly randomness: SeededRandomness;
  readonly prefix: string;
  readonly range: KeyRange;
  /** Those that own keys of the range. */
  readonly groups: ReadonlySet<string>;
  readonly withCurrent: boolean;
  /** Takes a few changes at a time, with pauses. */
  readonly slow: boolean;
  /** Dies now and then. */
  readonly restarts: boolean;
}

/** So small that slow watchers go on from history, and that not all of what comes meanwhile is kept. */
const smallLimits: Partial<WatchLimits> = { bufferedChangesMax: 1_500, heldChangesMax: 600 };
const pauseMsMax = 200;
/** What a slow one takes at once: mostly so little that it is behind, and stands in the middle of a transaction. */
const taken = { few: 5, many: 150, manyChance: 0.3 };
const lifeMs = { min: 500, max: 8_000 };

export class SimulatedWatcher {
  readonly #options: SimulatedWatcherOptions;
  readonly #changes: WatchedChange[] = [];
  #process: SimulatedProcess | undefined;
  #client: ClientCore | undefined;
  #watch: WatchCore | undefined;
  /** What a consumer would keep: where another watch goes on. */
  #cursor: string | undefined;
  #initialCount: number | undefined;
  #restarts = 0;
  #lives = 0;
  #calm = false;

  constructor(options: SimulatedWatcherOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** It takes everything as it comes, from the same process all the time. */
  get keepsUp(): boolean {
    return !this.#options.slow && !this.#options.restarts;
  }

  start(): void {
    const { withCurrent } = this.#options;
    const beginning: Beginning = withCurrent ? { kind: "current" } : { kind: "after", revision: 0 };
    this.#live(beginning);
  }

  /** From now on it neither dies nor dawdles. */
  calmDown(): void {
    this.#calm = true;
  }

  /** Whether it has been told everything of the group up to the revision. */
  isThrough(group: string, revision: Revision): boolean {
    if (!this.#options.groups.has(group)) return true;
    return (this.#through().get(group) ?? -1) >= revision;
  }

  get record(): WatchRecord {
    return {
      client: this.#options.name,
      range: this.#options.range,
      withCurrent: this.#options.withCurrent,
      initialCount: this.#initialCount,
      changes: this.#changes,
      through: this.#through(),
      restarts: this.#restarts,
    };
  }

  #live(beginning: Beginning): void {
    const { machine, network, randomness, prefix, range } = this.#options;
    this.#lives += 1;
    const own = randomness.split(`life ${this.#lives}`);
    const process = machine.start();
    this.#process = process;
    const inner = network.connect(process, {
      onProblem: (problem) => {
        if (problem.kind === "not connected" || problem.kind === "permission refused") return;
        if (problem.cause instanceof Violation) throw problem.cause;
        throw new Violation("no exception leaves a handler", String(problem.cause));
      },
    });
    this.#client = new ClientCore({
      transport: new CarelessTransport(inner, own.split("feed")),
      clock: process.clock,
      randomness: own.split("core"),
      prefix,
      watchLimits: smallLimits,
    });
    const goesOn = this.#cursor;
    const stretches =
      goesOn === undefined
        ? [{ range, beginning }]
        : continuedAt([range], parseCursor(undefined, goesOn));
    const request = { stretches, filter: undefined, keysOnly: false, ignoreDeletes: false };
    this.#watch = new WatchCore(this.#client.watches, request, this.#listener());
    this.#watch.begin();
    if (this.#options.slow) this.#dawdle();
    if (this.#options.restarts) this.#dieLater(own);
  }

  #listener(): WatchListener {
    return {
      readable: () => {
        this.#requireAlive();
        if (!this.#options.slow) this.#take(Infinity);
      },
      placed: () => {},
      initialized: () => {
        this.#initialCount ??= this.#changes.length;
      },
      progressed: () => {},
      statusChanged: () => {},
    };
  }

  #requireAlive(): void {
    const failure = this.#watch?.failure;
    if (failure !== undefined) throw new Violation("watches go on", failure.message);
  }

  #dawdle(): void {
    const { randomness } = this.#options;
    const pauseMs = this.#calm ? 1 : randomness.fraction() * pauseMsMax;
    this.#process?.clock.after(pauseMs, () => {
      const most = randomness.chance(taken.manyChance) ? taken.many : taken.few;
      this.#take(this.#calm ? Infinity : 1 + randomness.below(most));
      this.#dawdle();
    });
  }

  #take(count: number): void {
    for (let left = count; left > 0; left--) {
      const change = this.#watch?.take();
      if (change === undefined) return;
      this.#changes.push(change);
    }
  }

  #dieLater(randomness: SeededRandomness): void {
    const lives = lifeMs.min + randomness.fraction() * (lifeMs.max - lifeMs.min);
    this.#process?.clock.after(lives, () => {
      const cursor = this.#watch?.cursor;
      const hasBegun = this.#initialCount !== undefined || !this.#options.withCurrent;
      if (this.#calm || cursor === undefined || !hasBegun) return this.#dieLater(randomness);
      this.#cursor = this.#watch?.cursorText;
      this.#forgetBehind();
      this.#process?.kill();
      this.#restarts += 1;
      this.#options.machine.world.schedule(randomness.fraction() * pauseMsMax, () => {
        this.#live({ kind: "after", revision: 0 });
      });
    });
  }

  /** What was taken of a unit that was not taken as a whole comes again: the cursor says so. */
  #forgetBehind(): void {
    const parts = this.#watch?.cursor ?? [];
    const kept = this.#changes.filter(({ key, revision }, at) => {
      if (at < (this.#initialCount ?? 0)) return true;
      const part = parts.find(({ range: { start, end } }) => {
        return key >= start && (end === undefined || key < end);
      });
      return part?.beginning.kind !== "after" || revision <= part.beginning.revision;
    });
    this.#changes.splice(0, Infinity, ...kept);
  }

  #through(): ReadonlyMap<string, Revision> {
    const through = new Map<string, Revision>();
    const routes = this.#client?.routes;
    for (const { range, beginning } of this.#watch?.cursor ?? []) {
      const group = routes?.groupOf(range.start);
      if (group === undefined) continue;
      const revision = beginning.kind === "after" ? beginning.revision : -1;
      through.set(group, Math.min(revision, through.get(group) ?? Infinity));
    }
    return through;
  }
}
