/**
 * Whatever the feed does, and whatever else goes wrong: what a watch tells is the log, from where it began, in order, once,
 * nothing left out. Every run is fixed by its seed.
 */
import { expect, test } from "vitest";
import { seeded, type SeededRandomness } from "../../../infra/randomness/seeded-randomness.ts";
import type { Beginning } from "../../../client/watch/strand.ts";
import { continuedAt, cursorText, parseCursor } from "../../../client/watch/cursor.ts";
import { FakeCluster } from "../support/fake-cluster.ts";
import { FakeStore, keyNamed, type FakeEntry, type Written } from "../support/fake-store.ts";
import { group1, WatchProbe } from "../support/watch-probe.ts";

const runs = 25;
const steps = 120;

class Run {
  readonly #random: SeededRandomness;
  readonly #world: FakeCluster;
  readonly #store: FakeStore;
  /** Said later than they were written. */
  readonly #unsaid: FakeEntry[] = [];
  #watch: WatchProbe;
  /** What watches before this one were told and had taken. */
  readonly #told: string[] = [];
  #begunAfter: number;

  constructor(seed: number) {
    this.#random = seeded(`random feed ${seed}`);
    const small = { bufferedChangesMax: 12, heldChangesMax: 6 };
    this.#world = new FakeCluster(this.#random.chance(0.5) ? { watchLimits: small } : {});
    this.#store = new FakeStore(this.#world, "g1");
    this.#store.pageRows = 1 + this.#random.below(8);
    for (let at = 0; at < 5; at++) this.#write();
    this.#begunAfter = this.#random.chance(0.5) ? 0 : this.#store.revision;
    this.#watch = this.#begin({ kind: "after", revision: this.#begunAfter });
  }

  async play(): Promise<{ readonly told: readonly string[]; readonly log: readonly string[] }> {
    for (let step = 0; step < steps; step++) {
      this.#step();
      if (this.#random.chance(0.6)) await this.#world.runFor(this.#random.below(30));
    }
    this.#store.answerHeld();
    const log = this.#log();
    await this.#world.until(
      "everything is told",
      () => {
        this.#watch.take();
        return this.#told.length + this.#watch.changes.length >= log.length;
      },
      60_000,
    );
    this.#store.sayProgress();
    await this.#world.runFor(1_000);
    this.#watch.take();
    return { told: [...this.#told, ...this.#toldNow()], log };
  }

  #begin(beginning: Beginning): WatchProbe {
    return new WatchProbe(this.#world, beginning, { slow: true });
  }

  #step(): void {
    const lot = this.#random.below(100);
    if (lot < 40) this.#speak(this.#write());
    else if (lot < 50) this.#unsaid.push(this.#write());
    else if (lot < 58) this.#speakOf(this.#unsaid);
    else if (lot < 64) this.#speakOf(this.#store.entries);
    else if (lot < 70) this.#store.sayProgress({ node: this.#node() });
    else if (lot < 74) this.#store.tick(this.#random.below(3));
    else if (lot < 86) this.#watch.take(this.#random.below(10));
    else if (lot < 90) this.#store.holdsReads = true;
    else if (lot < 95) this.#store.answerHeld();
    else if (lot < 97) this.#refuseHeld();
    else if (lot < 98) this.#world.network.disconnect(this.#world.clientTransport);
    else this.#goOn();
  }

  #write(): FakeEntry {
    const units = Array.from({ length: 1 + this.#random.below(2) }, () => this.#unit());
    return this.#store.write(...units);
  }

  /** A unit writes each of its keys once. */
  #unit(): Written[] {
    const keys = ["a", "b", "c", "d", "e"].filter(() => this.#random.chance(0.4));
    const value = String(this.#store.slot);
    return keys.map((key) => [key, this.#random.chance(0.2) ? undefined : value]);
  }

  #speak(entry: FakeEntry): void {
    if (this.#random.chance(0.15)) return;
    const partBytes = this.#random.chance(0.3) ? 130 : 1_000_000;
    const parts = partBytes < 1_000 && this.#random.chance(0.3) ? { only: [1, 3] } : {};
    const isConservative = this.#random.chance(0.05);
    const previous = isConservative ? { previousSlot: entry.slot - 1 } : {};
    this.#store.say(entry, { partBytes, ...parts, ...previous, node: this.#node() });
  }

  #speakOf(entries: FakeEntry[]): void {
    const at = this.#random.below(Math.max(1, entries.length));
    const entry = entries[at];
    if (entry !== undefined && entry.changes.length > 0) this.#speak(entry);
  }

  #node(): string {
    return this.#random.chance(0.2) ? "n2" : "n1";
  }

  #refuseHeld(): void {
    for (const attempt of this.#store.heldReads.splice(0)) attempt.refuse("NO_QUORUM");
  }

  /** Another watch takes over where this one's consumer was; what it repeats of a unit was told in part. */
  #goOn(): void {
    const cursor = this.#watch.core.cursor ?? [];
    const [stretch] = continuedAt([group1], parseCursor("c", cursorText("c", cursor)));
    if (stretch === undefined) throw new Error("a cursor goes on somewhere");
    const { beginning } = stretch;
    if (beginning.kind !== "after") throw new Error("it began behind a revision");
    const taken = this.#watch.changes.filter(({ revision }) => revision <= beginning.revision);
    this.#told.push(...this.#toldNow().slice(0, taken.length));
    this.#watch.core.stop();
    this.#watch = this.#begin(beginning);
  }

  #toldNow(): string[] {
    return this.#watch.changes.map(
      ({ revision, key, operation }) =>
        `${revision} ${key.slice(keyNamed("").length)} ${operation}`,
    );
  }

  #log(): string[] {
    return this.#store.entries
      .flatMap(({ changes }) => changes)
      .filter(({ revision }) => revision > this.#begunAfter)
      .map(({ revision, key, operation }) => {
        return `${revision} ${key.slice(keyNamed("").length)} ${operation}`;
      });
  }
}

test(`${runs} feeds that are said at random are told as they were written`, async () => {
  for (let seed = 1; seed <= runs; seed++) {
    const { told, log } = await new Run(seed).play();
    expect(log.length, `seed ${seed}`).toBeGreaterThan(20);
    expect(told, `seed ${seed}`).toEqual(log);
  }
});
