/** Texts of a drawing as blocks of known size: what a state says of itself, and what an arrow says. */
import { staying, type ChartArrow, type ChartState, type ChartTransition } from "./chart.ts";
import { textWidth, wrapText } from "./text-width.ts";

export interface Span {
  readonly text: string;
  /** The style's class. */
  readonly kind: "title" | "prose" | "event" | "guard" | "action" | "keyword";
}

export interface Line {
  /** From the block's left edge to the text, and from its top to the baseline. */
  readonly x: number;
  readonly y: number;
  readonly spans: readonly Span[];
  /** What the line is about, for a page that lights it. */
  readonly transition?: ChartTransition;
}

export interface Block {
  readonly width: number;
  readonly height: number;
  readonly lines: readonly Line[];
  /** Heights of horizontal rules. */
  readonly rules: readonly number[];
}

const titlePx = 15;
const textPx = 12;
const lineHeight = 17;
const padding = 12;
const proseWidth = 236;
const lineWidthMax = 300;
const arrowLineWidthMax = 190;

const sizes: Record<Span["kind"], number> = {
  title: titlePx,
  prose: textPx,
  event: textPx,
  guard: textPx,
  action: textPx,
  keyword: textPx,
};

class BlockWriter {
  readonly #lines: Line[] = [];
  readonly #rules: number[] = [];
  readonly #padding: number;
  readonly #indent: number;
  #y: number;
  #width = 0;

  constructor(padding: number, indent: number) {
    this.#padding = padding;
    this.#indent = indent;
    this.#y = padding;
  }

  line(spans: readonly Span[], transition?: ChartTransition, indented = false): void {
    const size = Math.max(...spans.map(({ kind }) => sizes[kind]));
    const height = size === titlePx ? 24 : lineHeight;
    const x = this.#padding + (indented ? this.#indent : 0);
    this.#lines.push({
      x,
      y: this.#y + (size === titlePx ? 15 : lineHeight - 5),
      spans,
      ...(transition === undefined ? {} : { transition }),
    });
    this.#y += height;
    this.#width = Math.max(this.#width, x + widthOf(spans) + this.#padding);
  }

  /** The parts on one line if they fit, else each further part on a line of its own. */
  parts(parts: readonly Span[], widthMax: number, transition?: ChartTransition): void {
    let line: Span[] = [];
    let indented = false;
    for (const part of parts) {
      if (line.length > 0 && widthOf([...line, part]) > widthMax) {
        this.line(line, transition, indented);
        indented = true;
        line = [];
      }
      line.push(part);
    }
    if (line.length > 0) this.line(line, transition, indented);
  }

  rule(): void {
    this.#rules.push(this.#y + 4);
    this.#y += 9;
  }

  block(widthMin = 0): Block {
    return {
      width: Math.ceil(Math.max(this.#width, widthMin)),
      height: Math.ceil(this.#y + this.#padding),
      lines: this.#lines,
      rules: this.#rules,
    };
  }
}

export function widthOf(spans: readonly Span[]): number {
  return spans
    .map(({ text, kind }) => textWidth(text, sizes[kind], kind === "title" || kind === "event"))
    .reduce((sum, width, index) => sum + width + (index === 0 ? 0 : spaceWidth), 0);
}

const spaceWidth = textPx * 0.34;

export function stateBlock(state: ChartState): Block {
  const writer = new BlockWriter(padding, 12);
  const inside = staying(state.transitions);
  writer.line([{ text: state.title, kind: "title" }]);
  if (state.description !== undefined) {
    const widest = Math.max(proseWidth, ...inside.map(firstLineWidth));
    for (const text of wrapText(state.description, textPx, widest)) {
      writer.line([{ text, kind: "prose" }]);
    }
  }
  const doing = [
    { when: "on entry", actions: state.entry },
    { when: "on exit", actions: state.exit },
  ].filter(({ actions }) => actions.length > 0);
  if (doing.length > 0) writer.rule();
  for (const { when, actions } of doing) {
    writer.parts([{ text: when, kind: "keyword" }, ...listed(actions)], lineWidthMax);
  }
  if (inside.length > 0) writer.rule();
  for (const transition of inside) insideLines(writer, transition, lineWidthMax);
  return writer.block(120);
}

export function everywhereBlock(transitions: readonly ChartTransition[]): Block {
  const writer = new BlockWriter(padding, 12);
  writer.line([{ text: "in every state", kind: "keyword" }]);
  for (const transition of staying(transitions)) insideLines(writer, transition, 460);
  return writer.block();
}

export function arrowBlock(arrow: ChartArrow): Block {
  const writer = new BlockWriter(4, 8);
  for (const transition of arrow.transitions) {
    writer.parts(conditionOf(transition), arrowLineWidthMax, transition);
  }
  return writer.block();
}

function insideLines(writer: BlockWriter, transition: ChartTransition, widthMax: number): void {
  writer.parts(
    [...conditionOf(transition), ...listed(transition.actions, "→ ")],
    widthMax,
    transition,
  );
}

function firstLineWidth(transition: ChartTransition): number {
  return Math.min(
    lineWidthMax,
    widthOf([...conditionOf(transition), ...listed(transition.actions, "→ ")]),
  );
}

function conditionOf({ event, guard, otherwise }: ChartTransition): Span[] {
  const spans: Span[] = [];
  if (event !== undefined) spans.push({ text: event, kind: "event" });
  if (guard !== undefined) spans.push({ text: `[${guard}]`, kind: "guard" });
  else if (otherwise) spans.push({ text: "otherwise", kind: "keyword" });
  else if (event === undefined) spans.push({ text: "always", kind: "keyword" });
  return spans;
}

function listed(actions: readonly string[], before = ""): Span[] {
  return actions.map((name, index) => ({
    text: `${index === 0 ? before : ""}${name}${index < actions.length - 1 ? "," : ""}`,
    kind: "action",
  }));
}
