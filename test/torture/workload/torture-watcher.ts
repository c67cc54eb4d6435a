/**
 * A client that watches a part of the bucket: as fast as changes come, or slowly; some go away now and then, and go on
 * from the cursor that they kept.
 */
import { ClientCore } from "../../../client/core/client-core.ts";
import { continuedAt, parseCursor } from "../../../client/watch/cursor.ts";
import type { WatchLimits } from "../../../client/watch/limits.ts";
import type { Beginning } from "../../../client/watch/strand.ts";
import { WatchCore, type WatchListener } from "../../../client/watch/watch-core.ts";
import type { WatchedChange } from "../../../client/watch/watched-change.ts";
import { systemClock } from "../../../infra/clock/system-clock.ts";
import type { SeededRandomness } from "../../../infra/randomness/seeded-randomness.ts";
import { systemRandomness } from "../../../infra/randomness/system-randomness.ts";
import { NatsTransport } from "../../../infra/transport/nats-transport.ts";
import type { KeyRange } from "../../../kv/commands/operation.ts";
import type { Revision } from "../../../kv/revision.ts";
import { Violation } from "../../../sim/violation.ts";
import type { WatchRecord } from "../../../sim/workload/watch-record.ts";

export interface WatcherSetup {
  readonly name: string;
  readonly servers: readonly string[];
  readonly prefix: string;
  readonly randomness: SeededRandomness;
  readonly range: KeyRange;
  readonly withCurrent: boolean;
  /** Takes a few changes at a time, with pauses. */
  readonly slow: boolean;
  /** Goes away now and then. */
  readonly restarts: boolean;
  readonly broke: (failure: unknown) => void;
}

/** So small that slow watchers go on from history, and that not all of what comes meanwhile is kept. */
const smallLimits: Partial<WatchLimits> = { bufferedChangesMax: 64, heldChangesMax: 32 };
const pauseMsMax = 100;
const lifeMs = { min: 2_000, max: 10_000 };
const lookMs = 250;

interface Life {
  readonly transport: NatsTransport;
  readonly core: ClientCore;
  readonly watch: WatchCore;
  readonly endsAtMs: number;
}

export class TortureWatcher {
  readonly #setup: WatcherSetup;
  readonly #changes: WatchedChange[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  #life: Life | undefined;
  #initialCount: number | undefined;
  #restarts = 0;
  #calm = false;
  #changing = false;

  constructor(setup: WatcherSetup) {
    this.#setup = setup;
  }

  start(): void {
    const { range, withCurrent, slow, broke } = this.#setup;
    const beginning: Beginning = withCurrent ? { kind: "current" } : { kind: "after", revision: 0 };
    this.#live([{ range, beginning }]);
    this.#timers.push(setInterval(() => void this.#restartWhenDue().catch(broke), lookMs));
    if (slow) this.#timers.push(setInterval(() => this.#dawdle(), pauseMsMax));
  }

  /** From now on it neither goes away nor dawdles. */
  calmDown(): void {
    this.#calm = true;
  }

  /** Whether it has been told everything of the group up to the revision. */
  isThrough(group: string, revision: Revision): boolean {
    return (this.#through().get(group) ?? -1) >= revision;
  }

  get record(): WatchRecord {
    return {
      client: this.#setup.name,
      range: this.#setup.range,
      withCurrent: this.#setup.withCurrent,
      initialCount: this.#initialCount,
      changes: this.#changes,
      through: this.#through(),
      restarts: this.#restarts,
    };
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#end();
  }

  #live(stretches: ConstructorParameters<typeof WatchCore>[1]["stretches"]): void {
    const { name, servers, prefix, randomness } = this.#setup;
    const transport = new NatsTransport({ servers, name, onProblem: () => undefined });
    const core = new ClientCore({
      transport,
      clock: systemClock,
      randomness: systemRandomness,
      prefix,
      watchLimits: smallLimits,
    });
    const request = { stretches, filter: undefined, keysOnly: false, ignoreDeletes: false };
    const watch = new WatchCore(core.watches, request, this.#listener());
    const lives = lifeMs.min + randomness.fraction() * (lifeMs.max - lifeMs.min);
    this.#life = { transport, core, watch, endsAtMs: performance.now() + lives };
    watch.begin();
  }

  #listener(): WatchListener {
    return {
      readable: () => {
        const failure = this.#life?.watch.failure;
        if (failure !== undefined) {
          this.#setup.broke(new Violation("watches go on", failure.message));
        } else if (!this.#setup.slow) this.#take(Infinity);
      },
      placed: () => {},
      initialized: () => {
        this.#initialCount ??= this.#changes.length;
      },
      progressed: () => {},
      statusChanged: () => {},
    };
  }

  #dawdle(): void {
    this.#take(this.#calm ? Infinity : 1 + this.#setup.randomness.below(60));
  }

  #take(count: number): void {
    for (let left = count; left > 0; left--) {
      const change = this.#life?.watch.take();
      if (change === undefined) return;
      this.#changes.push(change);
    }
  }

  async #restartWhenDue(): Promise<void> {
    const { restarts, withCurrent } = this.#setup;
    const life = this.#life;
    const hasBegun = this.#initialCount !== undefined || !withCurrent;
    if (!restarts || this.#calm || this.#changing || life === undefined || !hasBegun) return;
    const cursor = life.watch.cursorText;
    if (performance.now() < life.endsAtMs || cursor === undefined) return;
    this.#changing = true;
    this.#forgetBehind(life.watch);
    await this.#end();
    this.#restarts += 1;
    this.#live(continuedAt([this.#setup.range], parseCursor(undefined, cursor)));
    this.#changing = false;
  }

  async #end(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    life?.watch.stop();
    life?.core.close();
    await life?.transport.close();
  }

  /** What was taken of a unit that was not taken as a whole comes again: the cursor says so. */
  #forgetBehind({ cursor = [] }: WatchCore): void {
    const kept = this.#changes.filter(({ key, revision }, at) => {
      if (at < (this.#initialCount ?? 0)) return true;
      const part = cursor.find(({ range: { start, end } }) => {
        return key >= start && (end === undefined || key < end);
      });
      return part?.beginning.kind !== "after" || revision <= part.beginning.revision;
    });
    this.#changes.splice(0, Infinity, ...kept);
  }

  #through(): ReadonlyMap<string, Revision> {
    const through = new Map<string, Revision>();
    const routes = this.#life?.core.routes;
    for (const { range, beginning } of this.#life?.watch.cursor ?? []) {
      const group = routes?.groupOf(range.start);
      if (group === undefined) continue;
      const revision = beginning.kind === "after" ? beginning.revision : -1;
      through.set(group, Math.min(revision, through.get(group) ?? Infinity));
    }
    return through;
  }
}
