/**
 * CPU time of what every replica does for every operation: decode, apply, encode the reply; and of what the client
 * does for it. Run compiled, in plain Node: `node kv.js [rounds]`. Prints the median and the range over all rounds
 * in microseconds per operation; the candidates of one round run one behind the other, so that they share its noise.
 */
import { emptyDirectory } from "../../kv/state/directory.ts";
import {
  expectNothing,
  operationKind,
  type Get,
  type Put,
  type Range,
} from "../../kv/commands/operation.ts";
import type { Entry } from "../../kv/entry.ts";
import type { FrameOutcome } from "../../kv/frame.ts";
import { ReplicaState } from "../../kv/replica-state.ts";
import { newest, revisionAt } from "../../kv/revision.ts";
import { space, type StateReader } from "../../kv/state-reader.ts";
import { CellCodec } from "../../infra/codec/cell-codec.ts";
import { encodeFramesEntry, EntryDecoder } from "../../infra/codec/entry-codec.ts";
import { consistency, requestKind } from "../../infra/codec/formats.ts";
import { ReplyDecoder, ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import { RequestDecoder } from "../../infra/codec/request-decoder.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import { peekRequest } from "../../infra/codec/request-envelope.ts";

const rounds = Number(process.argv[2] ?? 7);
const keySpace = 1_000_000;
const putsPerTable = 100_000;
const framesPerEntry = 16;
const value = new Uint8Array(128).fill(0x61);
const cluster = "3f2a9c0d5b7e4f61";
const group = "g1";
const session = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10";
const born = revisionAt(Date.UTC(2026, 0, 1));

const emptyCheckpoint: StateReader = {
  find: () => undefined,
  scan: () => ({ next: () => undefined, nextKey: () => undefined }),
  history: () => ({ next: () => undefined, nextKey: () => undefined }),
};

/** A small xorshift: the same keys in every run. */
let seed = 7;
function random(below: number): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}

function keyOf(number: number): string {
  return `default\0user:${String(number).padStart(12, "0")}`;
}

function newReplica(): ReplicaState {
  return new ReplicaState({
    clusterId: cluster,
    group,
    checkpoint: emptyCheckpoint,
    codec: new CellCodec(),
    bornWith: {
      regions: [{ id: 1, version: 1, start: "", end: undefined }],
      directory: emptyDirectory,
    },
  });
}

function put(): Put {
  return {
    kind: operationKind.put,
    key: keyOf(random(keySpace)),
    source: value,
    start: 0,
    end: value.length,
    ttlMs: 0,
    expectation: expectNothing,
  };
}

const samples = new Map<string, number[]>();

/** Runs and records the CPU time of `work`, garbage collection included. */
function measure<Result>(name: string, operations: number, work: () => Result): Result {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  const list = samples.get(name) ?? [];
  list.push((user + system) / operations);
  samples.set(name, list);
  return result;
}

function round(putsPerFrame: number): void {
  const label = (name: string) => `${name}, ${putsPerFrame} per frame`;
  const puts = Array.from({ length: putsPerTable }, put);
  const encoder = new RequestEncoder();
  const frames: Uint8Array[] = measure(label("client: encode puts"), putsPerTable, () => {
    const frames: Uint8Array[] = [];
    for (let at = 0; at < puts.length; at += putsPerFrame) {
      const number = at / putsPerFrame + 1;
      const floor = Math.max(0, number - 64);
      frames.push(
        encoder.writeFrame(
          { kind: requestKind.write, clusterId: cluster, group, session, born, number, floor },
          puts.slice(at, at + putsPerFrame),
        ),
      );
    }
    return frames;
  });
  measure(label("gateway: peek"), putsPerTable, () => frames.map((frame) => peekRequest(frame)));
  const entries = measure(label("leader: encode entries"), putsPerTable, () => {
    const entries: Uint8Array[] = [];
    for (let at = 0; at < frames.length; at += framesPerEntry) {
      entries.push(encodeFramesEntry(born + at * 4096, frames.slice(at, at + framesPerEntry)));
    }
    return entries;
  });

  const decoder = new EntryDecoder();
  const decoded: Entry[] = measure(label("replica: decode puts"), putsPerTable, () =>
    entries.map((entry) => decoder.decode(entry)),
  );
  const separate = newReplica();
  const outcomes = measure(label("replica: apply decoded puts"), putsPerTable, () =>
    decoded.flatMap((entry, at) => separate.apply(at + 1, entry)),
  );
  if (outcomes.some(({ refused }) => refused)) throw new Error("a frame was refused");
  const replica = newReplica();
  measure(label("replica: decode and apply puts"), putsPerTable, () => {
    for (const [at, entry] of entries.entries()) replica.apply(at + 1, decoder.decode(entry));
  });
  const replies = measure(label("leader: encode replies"), putsPerTable, () => encodeAll(outcomes));
  const replyDecoder = new ReplyDecoder();
  measure(label("client: decode replies"), putsPerTable, () =>
    replies.map((reply) => replyDecoder.decode(reply)),
  );
  reads(replica, puts, putsPerFrame);
}

function encodeAll(outcomes: readonly FrameOutcome[]): Uint8Array[] {
  const replyEncoder = new ReplyEncoder();
  return outcomes.map((outcome) => replyEncoder.encodeOutcome(group, outcome, born));
}

/** What is read lies in the frozen table: the empty active one is searched first. */
function reads(replica: ReplicaState, puts: readonly Put[], perFrame: number): void {
  const label = (name: string) => `${name}, ${perFrame} per frame`;
  const cut = measure(label("replica: freeze"), 1, () => replica.freeze());
  measure(label("replica: cells of a cut"), puts.length, () => {
    const cells = cut.cells(space.data);
    while (cells.next() !== undefined);
  });
  const gets: Get[] = puts.map(({ key }) => ({ kind: operationKind.get, key, at: newest }));
  const encoder = new RequestEncoder();
  const requests: Uint8Array[] = [];
  const kind = requestKind.read;
  const asked = { consistency: consistency.lease, minRevision: 0, maxAgeMs: 0, number: 1 };
  for (let at = 0; at < gets.length; at += perFrame) {
    const operations = gets.slice(at, at + perFrame);
    requests.push(encoder.readFrame({ kind, clusterId: cluster, group, ...asked }, operations));
  }
  const decoder = new RequestDecoder();
  measure(label("replica: decode and answer gets"), gets.length, () => {
    for (const request of requests) {
      const frame = decoder.readFrame(request);
      if ("problem" in frame) throw new Error(frame.problem);
      replica.read(frame.operations);
    }
  });
  const range: Range = {
    kind: operationKind.range,
    start: "",
    end: undefined,
    limit: 100,
    reverse: false,
    keysOnly: false,
    at: newest,
    cursor: undefined,
  };
  measure(label("replica: rows of ranges of 100"), 100 * 500, () => {
    for (let at = 0; at < 500; at++) {
      replica.read([{ ...range, start: keyOf(random(keySpace)), reverse: at % 2 === 1 }]);
    }
  });
}

for (let at = 0; at < rounds; at++) {
  round(64);
  round(1);
}
for (const [name, list] of samples) {
  list.sort((left, right) => left - right);
  const shown = [list[list.length >>> 1], list[0], list.at(-1)].map((us) => us?.toFixed(2));
  console.log(`${name.padEnd(50)} ${shown[0]} us  (${shown[1]} - ${shown[2]})`);
}
