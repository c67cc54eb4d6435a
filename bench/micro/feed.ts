/**
 * What watching costs. Applying puts: with nobody watching, with a feed that is wanted, and with watch subjects as well;
 * publishing itself, which is the transport's, is left out. Then reading what changed since a revision, beside reading
 * all there is. Run compiled, in plain Node: `node feed.js [rounds]`. Prints CPU time, median and range, in
 * microseconds; the candidates of one round run one behind the other, so that they share its noise.
 */
import { ChangeFeed } from "../../actors/feed/change-feed.ts";
import { DropCounts } from "../../actors/drop-counts.ts";
import { Interests } from "../../actors/feed/interests.ts";
import { Outlet } from "../../actors/feed/outlet.ts";
import { WatchSubjects } from "../../actors/feed/watch-subjects.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import { CellCodec } from "../../infra/codec/cell-codec.ts";
import { encodeFramesEntry, EntryDecoder } from "../../infra/codec/entry-codec.ts";
import { requestKind } from "../../infra/codec/formats.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import { SimulatedDisk } from "../../infra/state-store/simulated-disk.ts";
import { openSimulatedStateStore } from "../../infra/state-store/simulated-state-store.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import { expectNothing, operationKind, type Put } from "../../kv/commands/operation.ts";
import { ReplicaState } from "../../kv/replica-state.ts";
import { newest, revisionAt } from "../../kv/revision.ts";
import { emptyDirectory } from "../../kv/state/directory.ts";

const rounds = Number(process.argv[2] ?? 7);
const keySpace = 200_000;
const puts = 50_000;
const putsPerFrame = 16;
const framesPerEntry = 4;
const value = new Uint8Array(128).fill(0x61);
const clusterId = "3f2a9c0d5b7e4f61";
const group = "g1";
const session = "0123456789abcdef";
const born = revisionAt(Date.UTC(2026, 0, 1));

const samples = new Map<string, number[]>();

function measure<Result>(name: string, operations: number, work: () => Result): Result {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  const list = samples.get(name) ?? [];
  list.push((user + system) / operations);
  samples.set(name, list);
  return result;
}

function put(number: number): Put {
  const key = `default\0user:${String(number).padStart(12, "0")}`;
  const window = { source: value, start: 0, end: value.length };
  return { kind: operationKind.put, key, ...window, ttlMs: 0, expectation: expectNothing };
}

/** Puts in an order without pattern, the same in every round. */
function entriesOf(count: number, firstNumber: number): Uint8Array[] {
  const encoder = new RequestEncoder();
  const entries: Uint8Array[] = [];
  let number = firstNumber;
  for (let at = 0; at < count; at += putsPerFrame * framesPerEntry) {
    const frames = Array.from({ length: framesPerEntry }, (_, frame) => {
      number += 1;
      const operations = Array.from({ length: putsPerFrame }, (_unused, more) =>
        put(((at + frame * putsPerFrame + more) * 7919) % keySpace),
      );
      const envelope = { clusterId, group, session, born, number, floor: Math.max(0, number - 9) };
      return encoder.writeFrame({ kind: requestKind.write, ...envelope }, operations);
    });
    entries.push(encodeFramesEntry(born + number, frames));
  }
  return entries;
}

function newReplica(checkpoint: GroupStateStore): ReplicaState {
  const regions = [{ id: 1, version: 1, start: "", end: undefined }];
  const bornWith = { regions, directory: emptyDirectory };
  return new ReplicaState({ clusterId, group, checkpoint, codec: new CellCodec(), bornWith });
}

function emptyStore(): { readonly store: GroupStateStore; readonly world: SimulatedWorld } {
  const world = new SimulatedWorld();
  const { clock } = world.machine("m").start();
  return { store: openSimulatedStateStore(new SimulatedDisk(), clock).group(group), world };
}

function applying(entries: readonly Uint8Array[], wanted: "nothing" | "feed" | "subjects"): void {
  const state = newReplica(emptyStore().store);
  const interests = new Interests(systemClock, wanted === "subjects" ? ["default"] : []);
  const nowhere: Partial<Transport> = {
    connected: true,
    payloadBytesMax: 1 << 20,
    publish: () => undefined,
    flush: (done) => done(undefined),
  };
  const outlet = new Outlet(nowhere as Transport, new DropCounts());
  const prefix = "synod";
  const feed = new ChangeFeed({
    prefix,
    interests,
    outlet,
    watchSubjects: new WatchSubjects({ prefix, interests, outlet }),
    clusterId,
    group,
    clock: systemClock,
    state,
    isOwn: () => true,
    report: () => undefined,
  });
  if (wanted !== "nothing") interests.wantFeed(group);
  feed.beginServing();
  const decoder = new EntryDecoder();
  measure(`apply a put, wanted: ${wanted}`, puts, () => {
    for (const [at, entry] of entries.entries()) {
      state.apply(at + 1, decoder.decode(entry));
      feed.entryApplied(at + 1);
    }
  });
  feed.stopServing();
}

/** 200,000 keys in one checkpoint, and one change in a hundred of them in another, or still in memory. */
function resuming(): void {
  const { store, world } = emptyStore();
  const state = newReplica(store);
  const decoder = new EntryDecoder();
  let slot = 0;
  const applyAll = (entries: readonly Uint8Array[]) => {
    for (const entry of entries) state.apply((slot += 1), decoder.decode(entry));
  };
  const checkpoint = () => {
    let done = false;
    const cut = state.freeze();
    store.write(cut, () => store.switchTo(cut.appliedThrough, () => (done = true)));
    world.runUntil(() => done, 600_000);
    state.checkpointed();
  };
  applyAll(entriesOf(keySpace, 0));
  checkpoint();
  const since = state.lastRevision;
  applyAll(entriesOf(keySpace / 100, keySpace));
  const bounds = { start: "", end: undefined, limit: 0 };
  const readAll = (from: number): number => {
    const asked = { ...bounds, since: from, until: newest, keysOnly: false, newestOnly: false };
    let rows = 0;
    let cursor;
    do {
      const [result] = state.read([
        { kind: operationKind.changes, ...asked, incompleteToo: false, cursor },
      ]);
      if (typeof result !== "object" || result.kind !== operationKind.changes) {
        throw new Error("changes were refused");
      }
      rows += result.rows.length;
      cursor = result.cursor;
    } while (cursor !== undefined);
    return rows;
  };
  for (const where of ["in memory", "checkpointed"]) {
    const changed = measure(`read 2,000 changes of 200,000 keys, ${where}`, 1, () =>
      readAll(since),
    );
    if (changed < keySpace / 100) throw new Error(`only ${changed} changes`);
    if (where === "in memory") checkpoint();
  }
  measure("read all 200,000 keys", 1, () => readAll(0));
}

const entries = entriesOf(puts, 0);
for (let at = 0; at < rounds; at++) {
  for (const wanted of ["nothing", "feed", "subjects"] as const) applying(entries, wanted);
  resuming();
}
for (const [name, list] of samples) {
  list.sort((left, right) => left - right);
  const shown = [list[list.length >>> 1], list[0], list.at(-1)].map((us) => us?.toFixed(2));
  console.log(`${name.padEnd(55)} ${shown[0]} us  (${shown[1]} - ${shown[2]})`);
}
