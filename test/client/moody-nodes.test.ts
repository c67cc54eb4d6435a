/**
 * Nodes that keep the session table as the protocol says and are otherwise as bad as they may be: they refuse, answer
 * late or never, lose their office in the middle, and execute what they were sent long after everybody gave up. What the
 * client told its callers has to be true all the same.
 */
import { expect, test } from "vitest";
import { seeded, type SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import { failure, type OperationResult } from "../../kv/commands/result.ts";
import type { SynodError } from "../../infra/errors/synod-error.ts";
import { FakeCluster, movedRegions, type Attempt } from "./support/fake-cluster.ts";

interface Session {
  floor: number;
  readonly results: Map<number, readonly OperationResult[]>;
}

class MoodyNodes {
  /** How often each key was written. */
  readonly written = new Map<string, number>();
  repetitions = 0;
  readonly #cluster: FakeCluster;
  readonly #randomness: SeededRandomness;
  /** By group and session id. */
  readonly #sessions = new Map<string, Session>();
  readonly #held: Attempt[] = [];

  constructor(cluster: FakeCluster, randomness: SeededRandomness) {
    this.#cluster = cluster;
    this.#randomness = randomness;
  }

  react(attempt: Attempt): void {
    const lot = this.#randomness.below(100);
    if (lot < 35) this.#answer(attempt);
    else if (lot < 45) attempt.refuse("OVERLOADED");
    else if (lot < 52) attempt.refuse("NOT_LEADER", this.#anyNode());
    else if (lot < 57) attempt.refuse("NO_QUORUM");
    else if (lot < 62) attempt.nobodyThere();
    else if (lot < 68) this.#loseOffice(attempt);
    else if (lot < 73) attempt.refuse("WRONG_REGION");
    else if (lot < 83) this.#decide(attempt);
    else if (lot < 93) this.#held.push(attempt);
    else this.#later(attempt);
  }

  /** What was held back gets to the log after all. */
  release(): void {
    for (const attempt of this.#held.splice(0)) this.#decide(attempt);
  }

  #answer(attempt: Attempt): void {
    const results = this.#decide(attempt);
    if (results === undefined) attempt.refuse("STALE_FRAME");
    else attempt.execute(results);
  }

  #later(attempt: Attempt): void {
    const delayMs = this.#randomness.fraction() * 3_000;
    this.#cluster.world.schedule(delayMs, () => this.#answer(attempt));
  }

  #loseOffice(attempt: Attempt): void {
    if (this.#randomness.chance(0.5)) this.#decide(attempt);
    attempt.refuse("LEADERSHIP_LOST");
  }

  /** The session table's rules. Undefined = STALE_FRAME. */
  #decide({ write, keys }: Attempt): readonly OperationResult[] | undefined {
    const name = `${write.group} ${write.session}`;
    const session = this.#sessions.get(name) ?? { floor: 0, results: new Map() };
    this.#sessions.set(name, session);
    session.floor = Math.max(session.floor, write.floor);
    if (write.number <= session.floor) return undefined;
    const stored = session.results.get(write.number);
    if (stored !== undefined) {
      this.repetitions += 1;
      return stored;
    }
    const results = keys.map((key) => this.#write(key));
    session.results.set(write.number, results);
    return results;
  }

  #write(key: string): OperationResult {
    if (this.#randomness.chance(0.1)) return failure("OVERLOADED");
    this.written.set(key, (this.written.get(key) ?? 0) + 1);
    return this.#cluster.nextRevision();
  }

  #anyNode(): string {
    return `n${1 + this.#randomness.below(3)}`;
  }
}

const happened = { written: 0, unknown: 0, "not executed": 0, repetitions: 0 };

const seeds = Array.from({ length: 40 }, (_, at) => at + 1);

test.each(seeds)("what was told is true, seed %i", async (seed) => {
  const randomness = seeded(seed);
  const cluster = new FakeCluster();
  const nodes = new MoodyNodes(cluster, randomness.split("nodes"));
  cluster.react = (attempt) => nodes.react(attempt);
  const bucket = cluster.client.bucket();
  const told = new Map<string, "written" | SynodError>();
  const calls: Promise<unknown>[] = [];
  for (let at = 0; at < 120; at++) {
    const key = `${randomness.chance(0.5) ? "a" : "z"}${at}`;
    const timeoutMs = 50 + randomness.fraction() * 4_000;
    const controller = new AbortController();
    const { signal } = controller;
    const put = bucket.put(key, key, { timeoutMs, signal });
    calls.push(
      put.then(
        () => told.set(key, "written"),
        (failed: SynodError) => told.set(key, failed),
      ),
    );
    if (randomness.chance(0.1))
      cluster.process.clock.after(timeoutMs / 2, () => controller.abort());
    if (randomness.chance(0.3)) await cluster.runFor(randomness.fraction() * 200);
    if (randomness.chance(0.05)) cluster.network.disconnect(cluster.clientTransport);
    if (at === 60) cluster.reroute(movedRegions);
    if (randomness.chance(0.1)) nodes.release();
  }
  await cluster.outcome(Promise.all(calls));
  await cluster.runFor(5_000);
  nodes.release();

  for (const [key, outcome] of told) {
    const times = nodes.written.get(key) ?? 0;
    if (outcome === "written") expect(times, `${key} was acknowledged`).toBe(1);
    else if (outcome.outcome === "not executed")
      expect(times, `${key}: ${outcome.message}`).toBe(0);
    else expect(times, `${key} was written at most once`).toBeLessThanOrEqual(1);
    happened[outcome === "written" ? "written" : outcome.outcome] += 1;
  }
  happened.repetitions += nodes.repetitions;
  expect(told.size).toBe(120);
});

test("all of it happened", () => {
  expect(Math.min(...Object.values(happened)), JSON.stringify(happened)).toBeGreaterThan(50);
});
