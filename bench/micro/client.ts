/**
 * CPU time of the client for each put: with promises, and of its core alone. Run compiled, in plain Node:
 * `node client.js [rounds] [callers]`. A node that answers at once stands in for the cluster; what it costs is measured
 * by itself on the same frames, and stands beside it. Median and range over all rounds, in microseconds per put.
 */
import { Bucket } from "../../client/bucket.ts";
import { Caller } from "../../client/caller.ts";
import { ClientCore } from "../../client/core/client-core.ts";
import type { Completion } from "../../client/core/call.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { replyKind, requestKind } from "../../infra/codec/formats.ts";
import { MsgpackReader } from "../../infra/codec/msgpack-reader.ts";
import { ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import { encodeRoute } from "../../infra/codec/route-codec.ts";
import { readEnvelope } from "../../infra/codec/request-envelope.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import { expectNothing, operationKind } from "../../kv/commands/operation.ts";
import { revisionAt } from "../../kv/revision.ts";

const rounds = Number(process.argv[2] ?? 7);
const callers = Number(process.argv[3] ?? 256);
const putsPerRound = 200_000;
const keySpace = 1_000_000;
const value = new Uint8Array(128).fill(0x61);
const born = revisionAt(Date.UTC(2026, 0, 1));

/** Takes every frame as executed: the answer to one of n puts was encoded once. */
class InstantCluster implements Transport {
  readonly connected = true;
  readonly connection = 1;
  readonly payloadBytesMax = 1024 * 1024;
  readonly inboxPrefix = "_INBOX.bench";
  readonly counters = { published: 0, received: 0, droppedWhileDisconnected: 0 };
  /** What was sent, kept while somebody wants it. */
  frames: Uint8Array[] | undefined;
  readonly #reader = new MsgpackReader();
  readonly #encoder = new ReplyEncoder();
  readonly #results = Array.from({ length: 10_000 }, (_, at) => born + at);
  #handler: (message: InboundMessage) => void = () => {};

  publish(_: string, payload: Uint8Array, options?: { readonly reply?: string }): void {
    this.frames?.push(payload);
    const reply = this.answer(payload);
    const subject = options?.reply ?? "";
    const message = { subject, payload: reply, reply: undefined, header: () => undefined };
    setImmediate(() => this.#handler({ ...message, headers: "none" }));
  }

  answer(request: Uint8Array): Uint8Array {
    this.#reader.reset(request);
    const envelope = readEnvelope(this.#reader);
    if (envelope.kind !== requestKind.write) return route();
    const count = this.#reader.arrayLength();
    return this.#encoder.encode({
      kind: replyKind.executed,
      number: envelope.number,
      group: envelope.group,
      slot: 1,
      index: 0,
      lastRevision: born,
      asOf: born,
      results: this.#results.slice(0, count),
    });
  }

  subscribe(_: string, handler: (message: InboundMessage) => void) {
    this.#handler = handler;
    return { close: () => {} };
  }

  flush(): void {}
  onConnectionChange(): void {}
  async close(): Promise<void> {}
}

function route(): Uint8Array {
  return encodeRoute({
    clusterId: "3f2a9c0d5b7e4f61",
    version: 1,
    regions: [
      { id: 1, version: 1, start: "", end: "default\0user:000000500000", group: "g1" },
      { id: 2, version: 1, start: "default\0user:000000500000", end: undefined, group: "g2" },
    ],
    groups: [
      { group: "g1", nodes: ["n1", "n2", "n3"], leader: "n1" },
      { group: "g2", nodes: ["n1", "n2", "n3"], leader: "n2" },
    ],
    stamp: born,
  });
}

/** A small xorshift: the same keys in every run. */
let seed = 7;
function random(below: number): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}

function key(): string {
  return `user:${String(random(keySpace)).padStart(12, "0")}`;
}

const samples = new Map<string, number[]>();

/** Records the CPU time of the whole process meanwhile, garbage collection included. */
async function measure(name: string, work: () => Promise<void>): Promise<void> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  const list = samples.get(name) ?? [];
  list.push((user + system) / putsPerRound);
  samples.set(name, list);
}

async function withPromises(core: ClientCore): Promise<void> {
  const caller = new Caller({
    core,
    clock: systemClock,
    randomness: systemRandomness,
    timeoutMs: 5_000,
  });
  const bucket = new Bucket(caller, "default");
  let left = putsPerRound;
  const call = async (): Promise<void> => {
    while (left-- > 0) await bucket.put(key(), value);
  };
  await Promise.all(Array.from({ length: callers }, call));
}

function withCallbacks(core: ClientCore): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = putsPerRound;
    let open = callers;
    const next = (): void => {
      if (left-- > 0) {
        const operation = {
          kind: operationKind.put,
          key: `default\0${key()}`,
          source: value,
          start: 0,
          end: value.length,
          ttlMs: 0,
          expectation: expectNothing,
        };
        core.write(operation, 5_000, completion);
      } else if (--open === 0) resolve();
    };
    const completion: Completion = { succeeded: next, failed: reject };
    for (let at = 0; at < callers; at++) next();
  });
}

const cluster = new InstantCluster();
const core = new ClientCore({
  transport: cluster,
  clock: systemClock,
  randomness: systemRandomness,
  prefix: "synod",
});
for (let at = 0; at < rounds; at++) {
  await measure("bucket.put, with the stand-in", () => withPromises(core));
  cluster.frames = [];
  await withCallbacks(core);
  const { frames } = cluster;
  cluster.frames = undefined;
  await measure("core.write, with the stand-in", () => withCallbacks(core));
  await measure("the stand-in alone", async () => {
    for (const frame of frames) cluster.answer(frame);
  });
  await measure("making the keys alone", async () => {
    for (let put = 0; put < putsPerRound; put++) key();
  });
  if (at === 0) console.log(`${(putsPerRound / frames.length).toFixed(1)} puts per frame`);
}
for (const [name, list] of samples) {
  list.sort((left, right) => left - right);
  const shown = [list[list.length >>> 1], list[0], list.at(-1)].map((us) => us?.toFixed(2));
  console.log(`${name.padEnd(40)} ${shown[0]} us  (${shown[1]} - ${shown[2]})`);
}
process.exit(0);
