/** A simulated cluster with somebody who writes and somebody who watches, and the judgement on what was told. */
import { expect } from "vitest";
import { ClientCore } from "../../../client/core/client-core.ts";
import { CellCodec } from "../../../infra/codec/cell-codec.ts";
import { EntryDecoder } from "../../../infra/codec/entry-codec.ts";
import { FeedDecoder, type FeedMessage } from "../../../infra/codec/feed-codec.ts";
import { internalKeyOf } from "../../../infra/codec/key-text.ts";
import { RequestEncoder, type WriteRequest } from "../../../infra/codec/request-encoder.ts";
import { defaultTopology } from "../../../infra/topology/default-topology.ts";
import type { SimulatedTransport } from "../../../infra/transport/simulated-transport.ts";
import type { TransportProblem } from "../../../infra/transport/transport.ts";
import type { Change } from "../../../kv/change.ts";
import { expectNothing, operationKind } from "../../../kv/commands/operation.ts";
import { ReplicaState } from "../../../kv/replica-state.ts";
import type { Revision } from "../../../kv/revision.ts";
import { emptyDirectory } from "../../../kv/state/directory.ts";
import { SimulatedCluster } from "../../../sim/simulated-cluster.ts";
import { MemoryCheckpoint } from "../../kv/support/memory-checkpoint.ts";

/** What is watched: the group of keys from `a` to `h`. */
export const group = "g1";
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

export class Watched {
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
