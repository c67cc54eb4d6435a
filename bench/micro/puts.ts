/** Puts of random keys, the same in every run, and what becomes of them on their way. */
import { CellCodec } from "../../infra/codec/cell-codec.ts";
import { encodeFramesEntry } from "../../infra/codec/entry-codec.ts";
import { requestKind } from "../../infra/codec/formats.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import { expectNothing, operationKind, type Put } from "../../kv/commands/operation.ts";
import { ReplicaState } from "../../kv/replica-state.ts";
import { revisionAt } from "../../kv/revision.ts";
import type { StateReader } from "../../kv/state-reader.ts";
import { emptyDirectory } from "../../kv/state/directory.ts";
import { putsPerFrame } from "./micro-case.ts";

export const clusterId = "3f2a9c0d5b7e4f61";
export const group = "g1";
const keySpace = 1_000_000;
const value = new Uint8Array(128).fill(0x61);
const session = "0123456789abcdef";
export const born = revisionAt(Date.UTC(2026, 0, 1));

/** A small xorshift. */
export class Numbers {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }
}

export function keyOf(number: number): string {
  const letter = String.fromCharCode(97 + (number % 26));
  return `default\0${letter}${String(number).padStart(8, "0")}`;
}

export function putsOf(count: number, seed: number): Put[] {
  const numbers = new Numbers(seed);
  return Array.from({ length: count }, () => ({
    kind: operationKind.put,
    key: keyOf(numbers.below(keySpace)),
    source: value,
    start: 0,
    end: value.length,
    ttlMs: 0,
    expectation: expectNothing,
  }));
}

export function framesOf(puts: readonly Put[], firstNumber = 1): Uint8Array[] {
  const encoder = new RequestEncoder();
  const frames: Uint8Array[] = [];
  for (let at = 0; at < puts.length; at += putsPerFrame) {
    const number = firstNumber + at / putsPerFrame;
    const envelope = { clusterId, group, session, born, number, floor: Math.max(0, number - 9) };
    const operations = puts.slice(at, at + putsPerFrame);
    frames.push(encoder.writeFrame({ kind: requestKind.write, ...envelope }, operations));
  }
  return frames;
}

/** One frame in each, as a crowd of 256 callers makes them. */
export function entriesOf(puts: readonly Put[], firstNumber = 1): Uint8Array[] {
  return framesOf(puts, firstNumber).map((frame, at) =>
    encodeFramesEntry(born + (firstNumber + at) * 4096, [frame]),
  );
}

export const nothingStored: StateReader = {
  find: () => undefined,
  scan: () => ({ next: () => undefined, nextKey: () => undefined }),
  history: () => ({ next: () => undefined, nextKey: () => undefined }),
};

export function newReplica(checkpoint: StateReader): ReplicaState {
  const regions = [{ id: 1, version: 1, start: "", end: undefined }];
  const bornWith = { regions, directory: emptyDirectory };
  return new ReplicaState({ clusterId, group, checkpoint, codec: new CellCodec(), bornWith });
}
