/**
 * A feed held against the chosen log, while leaders die, freeze, are cut off and come back: whatever a message says is
 * true, whoever published it, and what no message said shows as a gap in the next one.
 */
import { describe, expect, test } from "vitest";
import { ClientCore } from "../../client/core/client-core.ts";
import { CellCodec } from "../../infra/codec/cell-codec.ts";
import { EntryDecoder } from "../../infra/codec/entry-codec.ts";
import { FeedDecoder, type FeedMessage } from "../../infra/codec/feed-codec.ts";
import { internalKeyOf } from "../../infra/codec/key-text.ts";
import { RequestEncoder, type WriteRequest } from "../../infra/codec/request-encoder.ts";
import { defaultTopology } from "../../infra/topology/default-topology.ts";
import type { SimulatedTransport } from "../../infra/transport/simulated-transport.ts";
import type { TransportProblem } from "../../infra/transport/transport.ts";
import type { Change } from "../../kv/change.ts";
import { expectNothing, operationKind } from "../../kv/commands/operation.ts";
import { ReplicaState } from "../../kv/replica-state.ts";
import type { Revision } from "../../kv/revision.ts";
import { emptyDirectory } from "../../kv/state/directory.ts";
import { SimulatedCluster } from "../../sim/simulated-cluster.ts";
import { MemoryCheckpoint } from "../kv/support/memory-checkpoint.ts";

const group = "g1";
const renewalMs = 5_000;

interface Heard {
  readonly atMs: number;
  readonly message: FeedMessage;
}

/** What the log says an entry did. */
interface Truth {
  readonly changes: readonly string[];
  readonly resolved: Revision;
}

class Watched {
  readonly cluster: SimulatedCluster;
  readonly heard: Heard[] = [];
  readonly told: { readonly subject: string; readonly revision: string }[] = [];
  readonly #transport: SimulatedTransport;
  readonly #client: ClientCore;
  #written = 0;

  constructor(seed: number, watchedBuckets = false) {
    const topology = defaultTopology(3, "watched");
    const buckets = watchedBuckets ? [{ name: "default", watch: "subjects" } as const] : [];
    this.cluster = new SimulatedCluster({
      seed,
      topology: { ...topology, buckets },
      limits: { checkpointBytes: 2 ** 16 },
    });
    const { world, network, randomness } = this.cluster;
    this.#transport = network.connect(world.machine("watcher").start(), noProblems);
    const decoder = new FeedDecoder();
    this.#transport.subscribe("synod.feed.*", ({ payload }) => {
      const message = decoder.decode(Buffer.from(payload));
      if ("kind" in message) throw new Error(message.problem);
      this.heard.push({ atMs: world.nowMs, message });
    });
    this.#transport.subscribe("synod.kv.*.watch.>", (message) => {
      const revision = message.header("Synod-Revision") ?? "";
      this.told.push({ subject: message.subject, revision });
    });
    const process = world.machine("writer").start();
    this.#client = new ClientCore({
      transport: network.connect(process, noProblems),
      clock: process.clock,
      randomness: randomness.split("writer"),
      prefix: topology.prefix,
    });
    this.cluster.startAll();
    this.until("every group is led", () => this.cluster.everyGroupLed);
  }

  until(what: string, holds: () => boolean): void {
    if (!this.cluster.world.runUntil(holds, 60_000)) throw new Error(`never: ${what}`);
  }

  /** Writes and renews interest for so long; keys of group `g1` only. */
  go(ms: number): void {
    const { world } = this.cluster;
    const endMs = world.nowMs + ms;
    for (let atMs = world.nowMs, renewAtMs = atMs; atMs < endMs; atMs += 50) {
      if (atMs >= renewAtMs) {
        this.want(group);
        renewAtMs += renewalMs;
      }
      this.#write();
      world.runUntil(atMs + 50);
    }
  }

  want(wanted: string): void {
    const interest = new RequestEncoder().interest(this.cluster.clusterId, wanted);
    this.#transport.publish("synod.api", interest);
  }

  /** Asks for watch subjects, and answers what was answered. */
  ask(bucket: string, body: string): string[] {
    const reply = `${this.#transport.inboxPrefix}.interest`;
    const answers: string[] = [];
    const subscription = this.#transport.subscribe(reply, ({ payload }) =>
      answers.push(Buffer.from(payload).toString()),
    );
    this.#transport.publish(`synod.kv.${bucket}.interest`, Buffer.from(body), { reply });
    this.cluster.world.runFor(500);
    subscription.close();
    return answers;
  }

  put(key: string): void {
    const source = Buffer.from(key);
    const window = { source, start: 0, end: source.length };
    const put = { ttlMs: 0, expectation: expectNothing, key: internalKeyOf("default", key) };
    this.#client.write({ kind: operationKind.put, ...put, ...window }, 2_000, ignored);
  }

  /** The log's word on every slot, from slot 1 at position 1. */
  truth(): Truth[] {
    const { chosen, topology, clusterId } = this.cluster;
    const regions = topology.regions.flatMap((region, index) =>
      region.group === group ? [{ ...region, id: index + 1, version: 1 }] : [],
    );
    const state = new ReplicaState({
      clusterId,
      group,
      checkpoint: new MemoryCheckpoint(false),
      codec: new CellCodec(),
      bornWith: { regions, directory: emptyDirectory },
    });
    const decoder = new EntryDecoder();
    const truth: Truth[] = [{ changes: [], resolved: 0 }];
    let changes: string[] = [];
    state.tellChanges((change) => changes.push(shown(change)));
    for (const [index, entry] of chosen.log(group).entries()) {
      state.apply(index + 1, decoder.decode(entry));
      truth.push({ changes, resolved: state.lastRevision });
      changes = [];
    }
    return truth;
  }

  /** Throws unless everything that was heard is what the log says. Tells how many slots the messages covered. */
  judge(): { readonly entries: number; readonly gaps: number; readonly missing: number } {
    const truth = this.truth();
    let had = this.heard[0]?.message.slot ?? 0;
    const start = had;
    let gaps = 0;
    const delivered = new Set<number>();
    for (const { message } of this.heard) {
      const { slot, previousSlot, resolved, changes, parts } = message;
      expect(previousSlot).toBeLessThanOrEqual(slot);
      expect(parts).toBe(1);
      const { changes: expected, resolved: last } = truth[slot] as Truth;
      if (changes.length > 0) expect(changes.map(shown)).toEqual(expected);
      expect(resolved).toBe(last);
      // Nothing was changed between a message and the one that it says it follows on.
      for (let at = previousSlot + 1; at < slot; at++) expect(truth[at]?.changes).toEqual([]);
      if (changes.length === 0 && previousSlot < slot) expect(expected).toEqual([]);
      if (slot <= had) continue;
      if (previousSlot > had) gaps += 1;
      else if (changes.length > 0) delivered.add(slot);
      had = slot;
    }
    let missing = 0;
    for (let at = start + 1; at <= had; at++) {
      if ((truth[at]?.changes.length ?? 0) > 0 && !delivered.has(at)) missing += 1;
    }
    return { entries: delivered.size, gaps, missing };
  }

  /** Puts, expiring puts, deletes and increments by turns. */
  #write(): void {
    const key = internalKeyOf("default", `a${this.#written % 7}`);
    const source = Buffer.from(String(this.#written));
    const put = { source, start: 0, end: source.length, expectation: expectNothing };
    const operations: WriteRequest[] = [
      { kind: operationKind.put, key, ...put, ttlMs: 0 },
      { kind: operationKind.put, key, ...put, ttlMs: 300 },
      { kind: operationKind.delete, key, expectation: expectNothing },
      { kind: operationKind.increment, key: internalKeyOf("default", "count"), delta: 1 },
    ];
    this.#client.write(operations[this.#written % 4] as WriteRequest, 2_000, ignored);
    this.#written += 1;
  }
}

const noProblems = {
  onProblem: (problem: TransportProblem): void => {
    if (problem.kind === "handler failed") throw problem.cause;
  },
};
const ignored = { succeeded: () => undefined, failed: () => undefined };

function shown({ key, revision, operation, expiresAt, source, start, end }: Change): string {
  const value = Buffer.from(source.subarray(start, end)).toString();
  return `${key.slice(8)} ${operation} ${value} ${revision} ${expiresAt}`;
}

test("with one leader, from the first interest on, every change is told once and nothing is missing", () => {
  const watched = new Watched(1);
  watched.go(10_000);
  const { entries, gaps, missing } = watched.judge();
  expect(entries).toBeGreaterThan(150);
  expect({ gaps, missing }).toEqual({ gaps: 0, missing: 0 });
  const slots = watched.heard.filter(({ message }) => message.changes.length > 0);
  expect(new Set(slots.map(({ message }) => message.slot)).size).toBe(slots.length);
});

describe.each([1, 2, 3, 4, 5, 6])("seed %i", (seed) => {
  test("whatever happens to leaders, what is told is true, and what is not told shows as a gap", () => {
    const watched = new Watched(seed, true);
    const { cluster } = watched;
    const { world, network } = cluster;
    const names = [...cluster.nodes.keys()];
    const leader = () => {
      watched.until("somebody leads", () => cluster.leaderOf(group) !== undefined);
      return cluster.leaderOf(group) ?? cluster.node("n1");
    };
    watched.go(2_000);
    const killed = leader();
    killed.kill();
    watched.go(4_000);
    killed.start();
    watched.go(3_000);
    const frozen = leader();
    frozen.process?.pause();
    watched.go(4_000);
    frozen.process?.resume();
    watched.go(2_000);
    const cutOff = leader().name;
    const others = names.filter((name) => name !== cutOff);
    network.partition([cutOff], others);
    watched.go(3_000);
    network.healAll();
    watched.go(2_000);
    network.restartBroker();
    watched.go(3_000);
    for (const node of cluster.nodes.values()) node.kill();
    world.runFor(100);
    cluster.startAll();
    watched.go(6_000);
    const { entries, gaps } = watched.judge();
    expect(entries).toBeGreaterThan(100);
    expect(gaps).toBeGreaterThan(0);
    // On watch subjects nothing comes twice, and nothing older after something newer.
    const revisions = watched.told.map(({ revision }) => Number(revision));
    expect(revisions.length).toBeGreaterThan(100);
    expect(revisions.every((revision, at) => at === 0 || revision > (revisions[at - 1] ?? 0))).toBe(
      true,
    );
  });
});

test("a new leader tells how far it is at once, long before the second is over", () => {
  const watched = new Watched(7);
  const { cluster } = watched;
  watched.go(2_000);
  cluster.leaderOf(group)?.kill();
  const killedMs = cluster.world.nowMs;
  watched.until("another one leads", () => cluster.leaderOf(group) !== undefined);
  const ledMs = cluster.world.nowMs;
  cluster.world.runFor(200);
  const first = watched.heard.find(({ atMs }) => atMs > killedMs + 50);
  expect(first?.message.changes).toEqual([]);
  expect((first?.atMs ?? 0) - ledMs).toBeLessThan(100);
  expect(first?.message.previousSlot).toBeGreaterThan(0);
});

test("interest is first heard: progress at once; of another cluster, or for no group: nothing", () => {
  const watched = new Watched(8);
  const { world } = watched.cluster;
  watched.want("nothing of that name");
  watched.want("meta");
  world.runFor(300);
  const groups = () => watched.heard.splice(0).map(({ message }) => message.group);
  expect(groups()).toEqual(["meta"]);
  world.runFor(3_000);
  expect(groups()).toEqual(["meta", "meta", "meta"]);
  world.runFor(60_000);
  groups();
  world.runFor(5_000);
  expect(groups()).toEqual([]);
});

test("watch subjects: asked for at any node, answered by one leader, published by the owner", () => {
  const watched = new Watched(9);
  watched.put("before");
  watched.cluster.world.runFor(500);
  expect(watched.ask("default", "")).toEqual(['{"seconds":60}']);
  expect(watched.ask("default", '{"key":"zoo.*"}')).toEqual(['{"seconds":60}']);
  watched.put("apple");
  watched.put("kiwi.x");
  watched.cluster.world.runFor(500);
  const subjects = watched.told.map(({ subject }) => subject).toSorted();
  expect(subjects).toEqual(["synod.kv.default.watch.apple", "synod.kv.default.watch.kiwi.x"]);
  watched.cluster.world.runFor(60_000);
  watched.put("apple");
  watched.cluster.world.runFor(500);
  expect(watched.told.length).toBe(2);
});

test.each([
  ["no JSON", "{"],
  ["no object", "[]"],
  ["an unknown field", '{"keys":"a"}'],
  ["a number for a key", '{"key":1}'],
  ["no pattern", '{"key":"a..b"}'],
  ["a blank", '{"key":"a b"}'],
  ["a longer body than is read", `{"key":"a",${" ".repeat(9000)}}`],
  ["bytes that are no text", "\u00ff"],
])("interest with %s is answered with an error, once", (_, body) => {
  const watched = new Watched(10);
  const answers = watched.ask("default", body);
  expect(answers.length).toBe(1);
  expect(JSON.parse(answers[0] ?? "")).toMatchObject({
    error: { code: "BAD_REQUEST", outcome: "not executed", retryable: false },
  });
});

test("a bucket that cannot be is answered with an error", () => {
  const [answer = ""] = new Watched(11).ask("a+b", "");
  expect(JSON.parse(answer)).toMatchObject({ error: { code: "BAD_BUCKET" } });
});

test("a bucket that the topology names is watched from the start, through a change of leaders", () => {
  const watched = new Watched(12, true);
  watched.put("apple");
  watched.cluster.world.runFor(500);
  watched.cluster.leaderOf(group)?.kill();
  watched.until("another one leads", () => watched.cluster.leaderOf(group) !== undefined);
  watched.put("apple");
  watched.cluster.world.runFor(3_000);
  expect(watched.told.map(({ subject }) => subject)).toEqual([
    "synod.kv.default.watch.apple",
    "synod.kv.default.watch.apple",
  ]);
  const [first, second] = watched.told.map(({ revision }) => Number(revision));
  expect(second).toBeGreaterThan(first ?? 0);
});
