/**
 * What clients are told while nodes crash, links break and clocks jump: no acknowledged write is lost, nothing is
 * executed twice, and nothing that was called not executed ever was.
 */
import { expect, test } from "vitest";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { seeded, type SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import { Nemesis, passingFaults } from "../../sim/nemesis.ts";
import type { Bucket } from "../../client/bucket.ts";
import type { SynodClient } from "../../client/synod-client.ts";
import { ClientOfCluster } from "./support/client-of-cluster.ts";

const accounts = ["a1", "a2", "a3", "a4"];
const balance = 100;
const faultsMs = 12_000;

/** One after the other, transfers within one group, counted increments, and keys that are created once. */
class Teller {
  acknowledged = 0;
  uncertain = 0;
  transfers = 0;
  idle = false;
  /** Keys it created for certain, and keys it may have created. */
  readonly created = new Set<string>();
  readonly perhaps = new Set<string>();
  readonly #name: string;
  readonly #client: SynodClient;
  readonly #bucket: Bucket;
  readonly #randomness: SeededRandomness;
  #issued = 0;

  constructor(name: string, client: SynodClient, randomness: SeededRandomness) {
    this.#name = name;
    this.#client = client;
    this.#bucket = client.bucket();
    this.#randomness = randomness;
  }

  async workUntil(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const lot = this.#randomness.below(3);
      if (lot === 0) await this.#transfer();
      else if (lot === 1) await this.#count();
      else await this.#create();
    }
    this.idle = true;
  }

  async #transfer(): Promise<void> {
    const from = this.#any();
    const to = this.#any();
    await this.#told(async () => {
      await this.#client.transaction(
        async (transaction) => {
          const bucket = transaction.bucket();
          const amount = 1 + this.#randomness.below(5);
          const source = Number((await bucket.get(from))?.string());
          bucket.put(from, String(source - amount));
          const target = Number((await bucket.get(to))?.string());
          bucket.put(to, String(target + amount));
        },
        { timeoutMs: 3_000 },
      );
      this.transfers += 1;
    });
  }

  async #count(): Promise<void> {
    const failure = await this.#told(() =>
      this.#bucket.increment("zcount", 1, { timeoutMs: 2_000 }),
    );
    if (failure === undefined) this.acknowledged += 1;
    else if (failure.outcome === "unknown") this.uncertain += 1;
  }

  async #create(): Promise<void> {
    const key = `${this.#randomness.chance(0.5) ? "c" : "k"}-${this.#name}-${++this.#issued}`;
    const failure = await this.#told(() => this.#bucket.create(key, key, { timeoutMs: 2_000 }));
    // Every key is new: a conflict would mean that the operation was executed twice.
    if (failure?.code === "CONFLICT") throw failure;
    if (failure === undefined) this.created.add(key);
    else if (failure.outcome === "unknown") this.perhaps.add(key);
  }

  /** What it failed with. */
  async #told(work: () => Promise<unknown>): Promise<SynodError | undefined> {
    try {
      await work();
      return undefined;
    } catch (failure) {
      if (failure instanceof SynodError) return failure;
      throw failure;
    }
  }

  #any(): string {
    return accounts[this.#randomness.below(accounts.length)] ?? "";
  }
}

test.each([12, 13, 14])("under faults of every kind, seed %i", async (seed) => {
  const world = new ClientOfCluster(seed);
  const bucket = world.client.bucket();
  await world.outcome(bucket.putMany(accounts.map((key) => [key, String(balance)] as const)));

  const randomness = seeded(seed);
  const nemesis = new Nemesis({
    cluster: world.cluster,
    randomness: randomness.split("nemesis"),
    classes: passingFaults,
    firstClass: seed,
  });
  nemesis.start();
  const tellers = Array.from({ length: 6 }, (_, at) => {
    const name = `client-${at}`;
    return new Teller(name, world.connect(name), randomness.split(name));
  });
  const endMs = world.cluster.world.nowMs + faultsMs;
  const work = Promise.all(
    tellers.map((teller) => teller.workUntil(() => world.cluster.world.nowMs >= endMs)),
  );
  await world.runFor(faultsMs);
  nemesis.stop();
  await world.outcome(work);

  const acknowledged = tellers.reduce((sum, teller) => sum + teller.acknowledged, 0);
  const uncertain = tellers.reduce((sum, teller) => sum + teller.uncertain, 0);
  const counted = Number((await world.outcome(bucket.get("zcount")))?.string());
  expect(counted).toBeGreaterThanOrEqual(acknowledged);
  expect(counted).toBeLessThanOrEqual(acknowledged + uncertain);

  const balances = await world.outcome(bucket.getMany(accounts));
  const total = balances.reduce((sum, entry) => sum + Number(entry?.string()), 0);
  expect(total).toBe(balance * accounts.length);

  const stored = await world.outcome(bucket.range({ keysOnly: true }).toArray());
  const found = new Set(stored.map(({ key }) => key).filter((key) => key.includes("-")));
  for (const { created, perhaps } of tellers) {
    for (const key of created) expect(found.delete(key), `${key} was acknowledged`).toBe(true);
    for (const key of perhaps) found.delete(key);
  }
  expect([...found], "keys that were called not executed").toEqual([]);

  const transfers = tellers.reduce((sum, teller) => sum + teller.transfers, 0);
  const struck = Object.values(nemesis.counts).reduce((sum, count) => sum + count, 0);
  expect(Math.min(acknowledged, transfers, struck), "something happened").toBeGreaterThan(2);
});
