/** Which part of a run a violation is about: its group, its slots, and the time in which it came about. */
import { operationKind } from "../../kv/commands/operation.ts";
import type { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";
import { keyText } from "./operation-text.ts";
import type { RunRecorder } from "./run-recorder.ts";

export interface Concern {
  readonly group: string | undefined;
  readonly slots: ReadonlySet<number>;
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
  const slots = new Set(place?.slots ?? slotsIn(text));
  const operations = operationsNamed(recorder, text, place?.key);
  const times = [
    ...timesIn(text),
    ...timesOfSlots(recorder, group, slots),
    ...operations.flatMap(timesOf),
  ];
  const endMs = recorder.nowMs;
  const throughMs =
    wanted.throughMs ?? place?.throughMs ?? upTo(endMs, times.length > 0 ? times : [endMs]);
  const known = wanted.fromMs ?? place?.fromMs;
  const firstMs = times.reduce((least, atMs) => Math.min(least, atMs), Infinity);
  const since = times.length > 0 ? firstMs - aroundMs : throughMs - lookBackMs;
  const fromMs = known ?? Math.max(0, since, throughMs - windowMsMax);
  const pictureFromMs = known ?? Math.max(0, throughMs - pictureMsMax);
  const isAboutAll = violation === undefined || violation.check === "vacuity";
  const isKnown = !isAboutAll || Object.keys(wanted).length > 0;
  return { group, slots, fromMs, throughMs, pictureFromMs, operations, isKnown };
}

function upTo(endMs: number, times: readonly number[]): number {
  const lastMs = times.reduce((most, atMs) => Math.max(most, atMs), 0);
  return Math.min(endMs, lastMs + aroundMs);
}

function wordIn(text: string, word: string): boolean {
  return new RegExp(`(?<![-\\w])${word}(?![-\\w])`).test(text);
}

/** Violations name slots as `slot 7`, and places as `7/0`. */
function slotsIn(text: string): readonly number[] {
  return [...text.matchAll(/\bslot (\d+)|\b(\d+)\/\d+\b|\bat (\d+) before\b/g)].map((found) =>
    Number(found[1] ?? found[2] ?? found[3]),
  );
}

/** Some begin with the key, or have it in their middle, as JSON. */
function keyIn(text: string): string | undefined {
  const found = /"(?:[^"\\]|\\.)*\\u0000(?:[^"\\]|\\.)*"/.exec(text)?.[0];
  return found === undefined ? undefined : (JSON.parse(found) as string);
}

function timesIn(text: string): readonly number[] {
  return [...text.matchAll(/\bat (\d+(?:\.\d+)?) ms\b/g)].map(([, atMs]) => Number(atMs));
}

/** By values, which are written once, or by the key the violation names. */
function operationsNamed(
  { events }: RunRecorder,
  text: string,
  named: string | undefined,
): readonly Recorded[] {
  const key = named ?? keyIn(text);
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

/** When the slots' values were flushed anywhere, and when clients were told of them. */
function timesOfSlots(
  { events }: RunRecorder,
  group: string | undefined,
  slots: ReadonlySet<number>,
): readonly number[] {
  if (group === undefined || slots.size === 0) return [];
  return events.flatMap((event) => {
    if (event.kind === "flushed") {
      const { flush } = event;
      return flush.group === group && flush.slots.some((slot) => slots.has(slot))
        ? [event.atMs]
        : [];
    }
    if (event.kind !== "ended") return [];
    const answer = event.recorded.told?.answer;
    const placed = answer !== undefined && "result" in answer ? answer.place : undefined;
    return placed?.group === group && slots.has(placed.slot) ? [event.atMs] : [];
  });
}
