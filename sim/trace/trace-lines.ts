/**
 * A run as text, in order: `faults` tells of faults, processes, leaders and of the operations around what failed;
 * `messages` also of what replicas and clients say to each other there; `all` of everything there.
 */
import { strikeIn } from "../command/strike-recorder.ts";
import type { TraceLevel } from "../command/sim-options.ts";
import type { LogLine } from "../simulated-cluster.ts";
import type { Concern } from "./concern.ts";
import type { MessageReader, MessageText } from "./message-text.ts";
import { slotsText } from "./message-text.ts";
import { operationText, toldText } from "./operation-text.ts";
import type { RunRecorder } from "./run-recorder.ts";
import type { Copy, TraceEvent } from "./trace-event.ts";

export interface TraceRequest {
  readonly level: TraceLevel;
  /** Of each part of the trace. */
  readonly linesMax: number;
}

/** What nodes log that stands there already, or again and again. */
export const repeated = /^(not connected|leads the group$)/;
/** Operations alone are told of the end only. */
const operationsMax = 60;
/** Of a frame's operations so many are told, beside the first. */
const alikeMax = 2;
/** What arrives later than that has a line of its own there. */
const lateMs = 2;

export function traceLines(
  recorder: RunRecorder,
  reader: MessageReader,
  concern: Concern,
  { level, linesMax }: TraceRequest,
): readonly string[] {
  if (level === "none") return [];
  const teller = new Teller(recorder, reader, concern, level);
  const { group, fromMs, throughMs } = concern;
  const course = recorder.events.flatMap((event) => teller.course(event));
  const near = recorder.events
    .filter(({ atMs }) => atMs >= fromMs && atMs <= throughMs)
    .flatMap((event) => teller.closely(event));
  near.push(...teller.rest());
  const of = group === undefined ? "" : ` of ${group}`;
  const whole = ["faults, processes and leaders", ...bounded(course, linesMax)];
  if (level === "faults" && !concern.isKnown) return whole;
  return [
    ...whole,
    "",
    `from ${timeText(fromMs)} to ${timeText(throughMs)} ms${of}`,
    ...bounded(near, level === "faults" ? Math.min(operationsMax, linesMax) : linesMax),
  ];
}

class Teller {
  readonly #recorder: RunRecorder;
  readonly #reader: MessageReader;
  readonly #concern: Concern;
  readonly #level: TraceLevel;
  readonly #named: ReadonlySet<object>;
  /** What a client asks or is told at once is told of a few. */
  #moment = "";
  #momentMs = 0;
  #momentOf = "";
  #more = 0;

  constructor(recorder: RunRecorder, reader: MessageReader, concern: Concern, level: TraceLevel) {
    this.#recorder = recorder;
    this.#reader = reader;
    this.#concern = concern;
    this.#level = level;
    this.#named = new Set(concern.operations);
  }

  /** What the whole run is made of. */
  course(event: TraceEvent): readonly string[] {
    if (event.kind !== "noted") return [];
    const { node, what } = event.line;
    return repeated.test(what) ? [] : [row(event.atMs, node, noteText(event.line))];
  }

  /** What is told of the part that matters. */
  closely(event: TraceEvent): readonly string[] {
    switch (event.kind) {
      case "noted":
        return this.course(event);
      case "begun":
      case "ended":
        return this.#operation(event);
      case "flushed":
        return this.#flush(event);
      case "left":
        return this.#left(event.copy);
      default:
        return this.#late(event.atMs, event.copy);
    }
  }

  #operation(event: TraceEvent & { readonly kind: "begun" | "ended" }): readonly string[] {
    const { recorded, atMs, kind } = event;
    const { group } = this.#concern;
    const answer = recorded.told?.answer;
    const place = answer !== undefined && "result" in answer ? answer.place : undefined;
    const concerned = group === undefined || place === undefined || place.group === group;
    if (!concerned && !this.#named.has(recorded)) return [];
    const moment = `${kind} ${atMs} ${recorded.client}`;
    if (moment === this.#moment && !this.#named.has(recorded)) {
      this.#more += 1;
      if (this.#more > alikeMax) return [];
    } else if (moment !== this.#moment) {
      const rest = this.rest();
      this.#moment = moment;
      this.#momentMs = atMs;
      this.#momentOf = recorded.client;
      return [...rest, ...this.#operationRow(event)];
    }
    return this.#operationRow(event);
  }

  /** How many there were at once beside those that were told. */
  rest(): readonly string[] {
    const unsaid = this.#more - alikeMax;
    this.#more = 0;
    this.#moment = "";
    return unsaid > 0 ? [row(this.#momentMs, this.#momentOf, `… and ${unsaid} more at once`)] : [];
  }

  #operationRow(event: TraceEvent & { readonly kind: "begun" | "ended" }): readonly string[] {
    const { recorded, atMs, kind } = event;
    const mark = this.#named.has(recorded) ? " <==" : "";
    const what = operationText(recorded.operation);
    if (kind === "begun") return [row(atMs, recorded.client, `asks: ${what}${mark}`)];
    const tookMs = (atMs - recorded.invokedMs).toFixed(1);
    const text = `told after ${tookMs} ms, of ${what}: ${toldText(recorded.told)}${mark}`;
    return [row(atMs, recorded.client, text)];
  }

  #flush({ atMs, flush }: TraceEvent & { readonly kind: "flushed" }): readonly string[] {
    if (this.#level === "faults" || !this.#isConcerned(flush.group)) return [];
    const { promise, slots, chosenThrough } = flush;
    const parts = [
      ...(promise === undefined
        ? []
        : [`promise of ballot ${promise.round} of ${this.#recorder.nodeOf(promise.member)}`]),
      ...(slots.length === 0 ? [] : [slotsText(slots)]),
      ...(chosenThrough === undefined ? [] : [`chosen through ${chosenThrough}`]),
    ];
    const isNews = promise !== undefined || slots.length > 0 || this.#level === "all";
    if (!isNews) return [];
    return [row(atMs, flush.node, `on disk, ${flush.group}: ${parts.join(", ") || "a trim"}`)];
  }

  #left(copy: Copy): readonly string[] {
    const read = this.#toldOf(copy);
    if (read === undefined) return [];
    const { leftMs, from } = copy;
    return [row(leftMs, from, `-> ${copy.to}  ${labelOf(read)}${fateText(copy)}`)];
  }

  #late(atMs: number, copy: Copy): readonly string[] {
    if (copy.arrivedMs === undefined || copy.arrivedMs - copy.leftMs <= lateMs) return [];
    const read = this.#toldOf(copy);
    if (read === undefined) return [];
    const left = timeText(copy.leftMs).trim();
    return [row(atMs, copy.to, `<- ${copy.from}  ${labelOf(read)} (sent at ${left})`)];
  }

  /** Undefined for messages that are left out. */
  #toldOf({ message }: Copy): MessageText | undefined {
    if (this.#level === "faults") return undefined;
    const read = this.#reader.read(message);
    if (!this.#isConcerned(read.group)) return undefined;
    const isTold = this.#level === "all" || read.kind === "protocol" || read.kind === "client";
    return isTold ? read : undefined;
  }

  #isConcerned(group: string | undefined): boolean {
    const { group: wanted } = this.#concern;
    return wanted === undefined || group === undefined || group === wanted;
  }
}

export function labelOf({ group, title, text }: MessageText): string {
  const of = group === undefined ? "" : `${group} `;
  return `${of}${title}${text === "" ? "" : ` ${text}`}`;
}

export function noteText(line: LogLine): string {
  const strike = strikeIn(line);
  if (strike !== undefined) return `fault ${strike.number}: ${strike.fault}`;
  const details = Object.entries(line.details).map(
    ([name, value]) => `${name} ${valueText(value)}`,
  );
  return details.length === 0 ? line.what : `${line.what}: ${details.join(", ")}`;
}

/** Milliseconds of virtual time with their fraction, as wide as those of any run. */
export function timeText(atMs: number): string {
  return atMs.toFixed(3).padStart(10);
}

function fateText({ leftMs, arrivedMs, drop }: Copy): string {
  if (drop !== undefined) return `  [${drop}]`;
  if (arrivedMs === undefined) return "  [under way]";
  return `  [+${(arrivedMs - leftMs).toFixed(2)}]`;
}

function row(atMs: number, who: string, text: string): string {
  return `${timeText(atMs)}  ${who.padEnd(9)} ${text}`;
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The last lines are the nearest to what failed. */
function bounded(lines: readonly string[], linesMax: number): readonly string[] {
  if (lines.length === 0) return ["  (nothing)"];
  if (lines.length <= linesMax) return lines;
  return [`  … ${lines.length - linesMax} lines before these`, ...lines.slice(-linesMax)];
}
