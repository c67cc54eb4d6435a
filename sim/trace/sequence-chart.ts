/**
 * The part of a run that matters as a sequence chart: who is in it, and what happened from row to row. How it is drawn is
 * up to `chart-text.ts` and `chart-svg.ts`.
 */
import { strikeIn } from "../command/strike-recorder.ts";
import type { Drop } from "../../infra/transport/network-observer.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import type { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";
import type { Concern } from "./concern.ts";
import { slotsText, type MessageReader, type MessageText } from "./message-text.ts";
import { operationText, toldText } from "./operation-text.ts";
import type { RunRecorder } from "./run-recorder.ts";
import type { Copy, Flush, TraceEvent } from "./trace-event.ts";
import { labelOf, noteText, repeated } from "./trace-lines.ts";

export interface Lifeline {
  readonly name: string;
  readonly isNode: boolean;
  /** Rows between which no process ran there: from, and to where it was started again. */
  readonly down: readonly (readonly [from: number, through: number])[];
}

export interface ChartNote {
  readonly kind: "note";
  readonly atMs: number;
  readonly who: string;
  readonly mark: "fault" | "process" | "disk" | "leads" | "asks" | "told" | "log";
  readonly text: string;
}

export interface ChartArrow {
  readonly kind: "arrow";
  /** When it arrived, or was dropped. */
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly leftMs: number;
  /** It left between this row and the one before. */
  readonly leftRow: number;
  readonly isProtocol: boolean;
  readonly title: string;
  readonly text: string;
  readonly drop: Drop | undefined;
}

export type ChartRow = ChartNote | ChartArrow;

export interface SequenceChart {
  readonly title: string;
  /** What failed; undefined when nothing did. */
  readonly failure: string | undefined;
  readonly lifelines: readonly Lifeline[];
  readonly rows: readonly ChartRow[];
  /** Rows before the first that are not shown. */
  readonly rowsLeftOut: number;
}

const rowsMax = 160;
/** What changes who leads is always shown. */
const elections = new Set(["preVote", "preVoted", "prepare", "promised", "rejected", "handOver"]);

export function sequenceChart(
  recorder: RunRecorder,
  reader: MessageReader,
  concern: Concern,
  title: string,
  violation: Violation | undefined,
): SequenceChart {
  const chartist = new Chartist(recorder, reader, concern);
  for (const event of recorder.events) chartist.learn(event);
  for (const event of recorder.events) chartist.add(event);
  return chartist.chart(title, violation?.message);
}

class Chartist {
  readonly #recorder: RunRecorder;
  readonly #reader: MessageReader;
  readonly #concern: Concern;
  readonly #nodes: ReadonlySet<string>;
  readonly #rows: ChartRow[] = [];
  readonly #slots: ReadonlySet<number>;
  /** Operations of the slots that it is about. */
  readonly #values: Set<string>;
  /** Row at which a message left that has not arrived. */
  readonly #leftRows = new Map<Copy, number>();
  #joined = 0;
  readonly #downFrom = new Map<string, number>();
  readonly #down = new Map<string, [number, number][]>();

  constructor(recorder: RunRecorder, reader: MessageReader, concern: Concern) {
    this.#recorder = recorder;
    this.#reader = reader;
    this.#concern = concern;
    this.#nodes = new Set(recorder.cluster?.nodes.keys());
    const placed = concern.operations.flatMap((recorded) => slotOf(recorded) ?? []);
    this.#slots = new Set([...concern.slots, ...placed]);
    this.#values = new Set(concern.operations.flatMap(valueOf));
  }

  /** What was proposed for the slots: where clients asked for it belongs in the picture. */
  learn(event: TraceEvent): void {
    if (event.kind !== "left" || this.#slots.size === 0) return;
    if (!event.copy.message.subject.includes(".p.")) return;
    const read = this.#reader.read(event.copy.message);
    if (read.title !== "accept" || !this.#isAboutSlots(read)) return;
    const proposed = /: (.*?)(?: and \d+ more)?$/.exec(read.text)?.[1];
    if (proposed !== undefined && proposed !== "nothing") this.#values.add(proposed);
  }

  add(event: TraceEvent): void {
    if (event.kind === "noted") this.#noteProcess(event.line.node, event.line.what);
    const { pictureFromMs, throughMs } = this.#concern;
    if (event.atMs < pictureFromMs || event.atMs > throughMs) return;
    switch (event.kind) {
      case "noted":
        return this.#noted(event);
      case "flushed":
        return this.#flushed(event.atMs, event.flush);
      case "begun":
      case "ended":
        return this.#operation(event);
      case "left":
        return void this.#leftRows.set(event.copy, this.#rows.length);
      default:
        return this.#message(event.atMs, event.copy);
    }
  }

  chart(title: string, failure: string | undefined): SequenceChart {
    const rowsLeftOut = Math.max(0, this.#rows.length - rowsMax);
    const rows = this.#rows.slice(rowsLeftOut).map((row) => {
      return row.kind === "arrow" ? { ...row, leftRow: row.leftRow - rowsLeftOut } : row;
    });
    const present = new Set(
      rows.flatMap((row) => (row.kind === "arrow" ? [row.from, row.to] : [row.who])),
    );
    const clients = [...present].filter((name) => !this.#nodes.has(name) && name !== "all").sort();
    const lifelines = [...clients, ...this.#nodes].map((name) => ({
      name,
      isNode: this.#nodes.has(name),
      down: this.#downOf(name, rowsLeftOut, rows.length),
    }));
    return { title, failure, lifelines, rows, rowsLeftOut };
  }

  #downOf(name: string, rowsLeftOut: number, rows: number): Lifeline["down"] {
    const stillFrom = this.#downFrom.get(name);
    const all = [...(this.#down.get(name) ?? [])];
    if (stillFrom !== undefined) all.push([stillFrom, Infinity]);
    return all.flatMap(([from, through]) => {
      const first = Math.max(0, from - rowsLeftOut);
      const last = Math.min(rows, through - rowsLeftOut);
      return last > first ? [[first, last] as const] : [];
    });
  }

  #noteProcess(node: string, what: string): void {
    const row = this.#rows.length;
    if (what === "process killed" || what === "power lost") this.#downFrom.set(node, row);
    if (what !== "process started") return;
    const from = this.#downFrom.get(node);
    this.#downFrom.delete(node);
    if (from === undefined) return;
    this.#down.set(node, [...(this.#down.get(node) ?? []), [from, row]]);
  }

  #noted({ atMs, line }: TraceEvent & { readonly kind: "noted" }): void {
    const { node: who, what, details } = line;
    if (repeated.test(what)) return;
    const { group } = details;
    if (typeof group === "string" && !this.#isConcerned(group)) return;
    const mark = strikeIn(line) !== undefined ? "fault" : markOf(what);
    this.#rows.push({ kind: "note", atMs, who, mark, text: noteText(line) });
  }

  #flushed(atMs: number, { node: who, group, slots, promise, chosenThrough }: Flush): void {
    if (!this.#isConcerned(group)) return;
    const shown = slots.filter((slot) => this.#slots.size === 0 || this.#slots.has(slot));
    if (promise === undefined && shown.length === 0) return;
    const parts: string[] = [];
    if (promise !== undefined) {
      parts.push(`promise of ballot ${promise.round} of ${this.#recorder.nodeOf(promise.member)}`);
    }
    if (slots.length > 0) parts.push(slotsText(slots));
    if (chosenThrough !== undefined) parts.push(`chosen through ${chosenThrough}`);
    const text = `on disk, ${group}: ${parts.join(", ")}`;
    this.#rows.push({ kind: "note", atMs, who, mark: "disk", text });
  }

  #operation(event: TraceEvent & { readonly kind: "begun" | "ended" }): void {
    const { recorded, atMs, kind } = event;
    const { operations } = this.#concern;
    const slot = slotOf(recorded);
    const isNamed = operations.includes(recorded) || (slot !== undefined && this.#slots.has(slot));
    const group = groupOf(recorded);
    const concerned =
      operations.length > 0 || this.#slots.size > 0
        ? isNamed
        : group === undefined || this.#isConcerned(group);
    if (!concerned) return;
    const what = operationText(recorded.operation);
    const text = kind === "begun" ? what : `${what}: ${toldText(recorded.told)}`;
    const mark = kind === "begun" ? "asks" : "told";
    if (this.#joins(recorded, atMs, mark)) return;
    this.#rows.push({ kind: "note", atMs, who: recorded.client, mark, text });
  }

  /** What a client asks or is told at once, as in one frame, is one row. */
  #joins(recorded: Recorded, atMs: number, mark: ChartNote["mark"]): boolean {
    const last = this.#rows.at(-1);
    const isOne =
      last?.kind === "note" &&
      last.who === recorded.client &&
      last.mark === mark &&
      last.atMs === atMs &&
      !this.#concern.operations.includes(recorded);
    if (!isOne) {
      this.#joined = 0;
      return false;
    }
    this.#joined += 1;
    const first = last.text.replace(/ and \d+ more$/, "");
    this.#rows[this.#rows.length - 1] = { ...last, text: `${first} and ${this.#joined} more` };
    return true;
  }

  #message(atMs: number, copy: Copy): void {
    const read = this.#reader.read(copy.message);
    if (read.kind !== "protocol" && read.kind !== "client") return;
    if (read.group !== undefined && !this.#isConcerned(read.group)) return;
    if (!this.#matters(read)) return;
    const { from, to, leftMs, drop } = copy;
    const isProtocol = read.kind === "protocol";
    const leftRow = this.#leftRows.get(copy) ?? 0;
    const shape = { from, to, leftMs, leftRow, isProtocol, drop };
    const title = [read.title, ...this.#slotsShown(read)].join(" ");
    this.#rows.push({ kind: "arrow", atMs, ...shape, title, text: labelOf(read) });
  }

  #slotsShown({ slots }: MessageText): readonly string[] {
    const shown = slots.filter((slot) => this.#slots.size === 0 || this.#slots.has(slot));
    if (shown.length === 0) return [];
    return [shown.length > 3 ? `${shown[0]}…${shown.at(-1)}` : shown.join(",")];
  }

  #matters(read: MessageText): boolean {
    if (this.#slots.size === 0 && this.#values.size === 0) return true;
    if (elections.has(read.title) || this.#isAboutSlots(read)) return true;
    return [...this.#values].some((value) => read.text.includes(value));
  }

  #isAboutSlots({ group, slots }: MessageText): boolean {
    const concerned = group === undefined || this.#isConcerned(group);
    return concerned && slots.some((slot) => this.#slots.has(slot));
  }

  #isConcerned(group: string): boolean {
    return this.#concern.group === undefined || group === this.#concern.group;
  }
}

function markOf(what: string): ChartNote["mark"] {
  if (what === "leads") return "leads";
  return /^(process|power)/.test(what) ? "process" : "log";
}

function valueOf({ operation }: Recorded): readonly string[] {
  if (operation.kind !== operationKind.put) return [];
  return [Buffer.from(operation.source).toString()];
}

function placeOf({ told }: Recorded) {
  return told !== undefined && "result" in told.answer ? told.answer.place : undefined;
}

function slotOf(recorded: Recorded): number | undefined {
  return placeOf(recorded)?.slot;
}

function groupOf(recorded: Recorded): string | undefined {
  return placeOf(recorded)?.group;
}
