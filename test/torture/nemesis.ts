/**
 * Breaks things, several at a time, and mends them again. What strikes, when, and for how long is drawn from the seed
 * before the run; whom it strikes is drawn from the seed as well, and depends on who leads at that moment.
 */
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import { ClockErrorsSeen } from "./cluster/clock-errors.ts";
import type { TortureCluster } from "./cluster/torture-cluster.ts";
import type { TortureNode } from "./cluster/torture-node.ts";
import { diskFaults } from "./faults/disk-faults.ts";
import { networkFaults } from "./faults/network-faults.ts";
import { processFaults } from "./faults/process-faults.ts";
import { between, type Fault } from "./faults/stage.ts";
import { pause } from "./workload/recorder.ts";

const faults = { ...processFaults, ...networkFaults, ...diskFaults };

export type FaultClass = keyof typeof faults;

/** Those that are there with a preloaded library, or without one. */
export function faultClasses(withLibrary: boolean): readonly FaultClass[] {
  return (Object.keys(faults) as FaultClass[]).filter((name) => {
    const fault: Fault = faults[name];
    return withLibrary || fault.needsLibrary !== true;
  });
}

/** How long faults last and how long things are left alone, in milliseconds. */
const faultMs = { min: 300, max: 3_000 };
/** Some last longer than anybody waits for an answer. */
const longFaultMs = { min: 3_000, max: 8_000 };
const longChance = 0.1;
const calmMs = { min: 500, max: 3_000 };
const atOnceMax = 3;
/** A fault strikes a leader that often; otherwise anybody. */
const leaderChance = 0.5;
/** Between two looks whether it is over. */
const lookMs = 200;

export interface Strike {
  readonly number: number;
  readonly classes: readonly FaultClass[];
  readonly lastsMs: number;
  /** Before the next one. */
  readonly calmMs: number;
}

/** What only a real cluster can be tried with has its turn twice. */
function isOften(name: FaultClass): boolean {
  return name.startsWith("power");
}

/** Deals the classes out like cards, so that each has its turn before any has its next. */
export function scheduleOf(
  randomness: SeededRandomness,
  classes: readonly FaultClass[],
  durationMs: number,
): readonly Strike[] {
  const strikes: Strike[] = [];
  let deck: FaultClass[] = [];
  for (let atMs = 0, number = 1; atMs < durationMs; number++) {
    const own = randomness.split(`strike ${number}`);
    const count = 1 + own.below(atOnceMax);
    const drawn: FaultClass[] = [];
    while (drawn.length < count) {
      if (deck.length === 0) deck = [...classes, ...classes.filter(isOften)];
      const [card] = deck.splice(own.below(deck.length), 1);
      if (card !== undefined && !drawn.includes(card)) drawn.push(card);
    }
    const { min, max } = own.chance(longChance) ? longFaultMs : faultMs;
    const lastsMs = Math.round(between(own, min, max));
    const restMs = Math.round(between(own, calmMs.min, calmMs.max));
    strikes.push({ number, classes: drawn, lastsMs, calmMs: restMs });
    atMs += lastsMs + restMs;
  }
  return strikes;
}

/** Of several faults at once, power failures come first: behind the others there is little to lose. */
function powerFirst(left: FaultClass, right: FaultClass): number {
  return Number(right.startsWith("power")) - Number(left.startsWith("power"));
}

export interface NemesisSetup {
  readonly cluster: TortureCluster;
  readonly randomness: SeededRandomness;
  readonly note: (line: string) => void;
  /** Nothing goes on when this is true. */
  readonly isOver: () => boolean;
}

export class Nemesis {
  readonly #setup: NemesisSetup;
  readonly #counts = new Map<FaultClass, number>();
  readonly clocks = new ClockErrorsSeen();

  constructor(setup: NemesisSetup) {
    this.#setup = setup;
  }

  get counts(): ReadonlyMap<FaultClass, number> {
    return this.#counts;
  }

  async carryOut(strikes: readonly Strike[], durationMs: number): Promise<void> {
    const { cluster, isOver } = this.#setup;
    const endsAtMs = performance.now() + durationMs;
    for (const strike of strikes) {
      if (isOver() || performance.now() > endsAtMs) break;
      for (const name of strike.classes.toSorted(powerFirst)) await this.#inflict(strike, name);
      await this.#wait(strike.lastsMs);
      await this.mend(strike.number);
      await this.#wait(strike.calmMs);
      cluster.requireNoAccident();
    }
  }

  async #wait(forMs: number): Promise<void> {
    const { isOver } = this.#setup;
    const untilMs = performance.now() + forMs;
    for (;;) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || isOver()) return;
      await pause(Math.min(lookMs, leftMs));
    }
  }

  async #inflict({ number }: Strike, name: FaultClass): Promise<void> {
    const { cluster, note } = this.#setup;
    const randomness = this.#setup.randomness.split(`strike ${number}`).split(name);
    const victim = this.#victim(randomness);
    const others = cluster.nodes.filter((node) => node !== victim);
    const fault: Fault = faults[name];
    const what = await fault.strike({ cluster, randomness, victim, others });
    this.clocks.note(cluster.nodes.map(({ disk }) => disk.clockErrorMs));
    note(`strike ${number}: ${name}: ${what ?? "not as things are"}`);
    if (what !== undefined) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Everything works again after it, or is on its way. */
  async mend(number: number): Promise<void> {
    const { cluster } = this.#setup;
    const randomness = this.#setup.randomness.split(`mend ${number}`);
    if (!cluster.broker.running) await cluster.broker.start();
    for (const node of cluster.nodes) {
      const loses = randomness.chance(0.5);
      node.link.mend(loses);
      node.disk.delayFlushes(0);
      node.disk.setDayAhead(false);
      if (node.paused) node.resume();
      if (node.diskFailed) await this.#replaceDisk(node, randomness);
      if (!node.running) node.start();
    }
  }

  /** Of a disk that failed to save, sometimes only what it had saved is left. */
  async #replaceDisk(node: TortureNode, randomness: SeededRandomness): Promise<void> {
    await node.kill();
    if (randomness.chance(0.5)) node.losePower(() => false);
    node.disk.failFlushes(false);
  }

  #victim(randomness: SeededRandomness): TortureNode {
    const { cluster } = this.#setup;
    const leaders = cluster.groups.flatMap((group) => cluster.leaderOf(group) ?? []);
    const wantsLeader = randomness.chance(leaderChance);
    const lot = randomness.fraction();
    const names =
      wantsLeader && leaders.length > 0 ? leaders : cluster.nodes.map(({ name }) => name);
    return cluster.node(names[Math.floor(lot * names.length)] ?? "");
  }
}
