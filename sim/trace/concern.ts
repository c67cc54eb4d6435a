/** Which part of a run a violation is about: its group, its slot, and the time in which it came about. */
import { operationKind } from "../../kv/commands/operation.ts";
import type { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";
import { keyText } from "./operation-text.ts";
import type { RunRecorder } from "./run-recorder.ts";

export interface Concern {
  readonly group: string | undefined;
  readonly slot: number | undefined;
  readonly fromMs: number;
  readonly throughMs: number;
  /** How far back a picture may go that has room for few rows. */
  readonly pictureFromMs: number;
  /** Operations that the violation names. */
  readonly operations: readonly Recorded[];
  /** Something failed, or somebody asked: it is not just the end of a run. */
  readonly isKnown: boolean;
}

/** In place of what the violation says. */
export interface Wanted {
  readonly group?: string;
  readonly fromMs?: number;
  readonly throughMs?: number;
}

/** How much is looked at before the end of a run that says nothing of where to look, and around what is known. */
const lookBackMs = 1_500;
const aroundMs = 100;
const windowMsMax = 5_000;
const pictureMsMax = 30_000;

export function concernOf(
  recorder: RunRecorder,
  violation: Violation | undefined,
  wanted: Wanted,
): Concern {
  const text = violation?.message ?? "";
  const { place } = violation ?? {};
  const groups = recorder.cluster?.topology.groups.map(({ name }) => name) ?? [];
  const group = wanted.group ?? place?.group ?? groups.find((name) => wordIn(text, name));
  const slot = place?.slot ?? slotIn(text);
  const operations = operationsNamed(recorder, text, place?.key);
  const times = [...timesOfSlot(recorder, group, slot), ...operations.flatMap(timesOf)];
  const endMs = recorder.nowMs;
  const throughMs =
    wanted.throughMs ?? place?.throughMs ?? upTo(endMs, times.length > 0 ? times : [endMs]);
  const known = wanted.fromMs ?? place?.fromMs;
  const firstMs = times.reduce((least, atMs) => Math.min(least, atMs), Infinity);
  const since = times.length > 0 ? firstMs - aroundMs : throughMs - lookBackMs;
  const fromMs = known ?? Math.max(0, since, throughMs - windowMsMax);
  const isKnown = violation !== undefined || Object.keys(wanted).length > 0;
  const pictureFromMs = known ?? Math.max(0, throughMs - pictureMsMax);
  return { group, slot, fromMs, throughMs, pictureFromMs, operations, isKnown };
}

function upTo(endMs: number, times: readonly number[]): number {
  const lastMs = times.reduce((most, atMs) => Math.max(most, atMs), 0);
  return Math.min(endMs, lastMs + aroundMs);
}

function wordIn(text: string, word: string): boolean {
  return new RegExp(`(?<![-\\w])${word}(?![-\\w])`).test(text);
}

function slotIn(text: string): number | undefined {
  const found = /\bslot (\d+)/.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** By values, which are written once, or by the key the violation names. */
function operationsNamed(
  { events }: RunRecorder,
  text: string,
  key: string | undefined,
): readonly Recorded[] {
  const values = new Set(text.match(/\b(?:client|raw)\d+:\d+\b/g));
  return events.flatMap((event) => {
    if (event.kind !== "begun") return [];
    const { recorded } = event;
    return namedBy(recorded, values, key) ? [recorded] : [];
  });
}

function namedBy(
  { operation }: Recorded,
  values: ReadonlySet<string>,
  key: string | undefined,
): boolean {
  if (operation.kind === operationKind.put) {
    if (values.has(Buffer.from(operation.source).toString())) return true;
  }
  return key !== undefined && "key" in operation && keyText(operation.key) === keyText(key);
}

function timesOf({ invokedMs, told }: Recorded): readonly number[] {
  return told === undefined ? [invokedMs] : [invokedMs, told.atMs];
}

/** When the slot's value was flushed anywhere, and when clients were told of it. */
function timesOfSlot(
  { events }: RunRecorder,
  group: string | undefined,
  slot: number | undefined,
): readonly number[] {
  if (group === undefined || slot === undefined) return [];
  return events.flatMap((event) => {
    if (event.kind === "flushed") {
      const { flush } = event;
      return flush.group === group && flush.slots.includes(slot) ? [event.atMs] : [];
    }
    if (event.kind !== "ended") return [];
    const answer = event.recorded.told?.answer;
    const placed = answer !== undefined && "result" in answer ? answer.place : undefined;
    return placed?.group === group && placed.slot === slot ? [event.atMs] : [];
  });
}
