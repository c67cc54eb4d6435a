/** A laid out chart as an SVG document. */
import type { Block, Line } from "./blocks.ts";
import type { ChartLayout, PlacedArrow, PlacedState } from "./layout.ts";
import type { Place, Point } from "./places.ts";
import { chartStyle } from "./style.ts";

const cornerRadius = 7;
const initialRadius = 6;

export function svgOf(layout: ChartLayout): string {
  const { chart, width, height } = layout;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="chart-title">`,
    `<title id="chart-title">State chart of ${escape(chart.id)}</title>`,
    `<style>${chartStyle}</style>`,
    `<defs><marker id="arrow-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0.8 L10 5 L0 9.2 Z"/></marker></defs>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...(layout.everywhere === undefined ? [] : everywhere(layout.everywhere)),
    ...layout.states.map(stateSvg),
    ...(layout.anyState === undefined ? [] : anyState(layout.anyState)),
    ...layout.initials.map(
      ({ x, y, points }) =>
        `<g class="initial"><circle cx="${round(x + initialRadius)}" cy="${round(y + initialRadius)}" r="${initialRadius}"/><path d="${pathOf(points)}" marker-end="url(#arrow-head)"/></g>`,
    ),
    // Labels lie above all lines.
    ...layout.arrows.map((arrow) => arrowSvg(layout, arrow)),
    `</svg>`,
    ``,
  ].join("\n");
}

function stateSvg({ state, block, x, y, width, height }: PlacedState): string {
  const classes = ["state", ...(state.final ? ["final"] : [])].join(" ");
  const outline = `<rect class="box" width="${round(width)}" height="${round(height)}" rx="${cornerRadius}"/>`;
  const inner = state.final
    ? `<rect class="inner" x="3.5" y="3.5" width="${round(width - 7)}" height="${round(height - 7)}" rx="${cornerRadius - 3}"/>`
    : "";
  return `<g class="${classes}" id="state-${escape(state.name)}" data-state="${escape(state.name)}" transform="translate(${round(x)} ${round(y)})">${outline}${inner}${blockSvg(block, width, state.final ? 3.5 : 0)}</g>`;
}

function arrowSvg(layout: ChartLayout, { index, points, label }: PlacedArrow): string {
  const { from = "*", to, transitions } = layout.chart.arrows[index] ?? { to: "", transitions: [] };
  const whole = transitions
    .map(({ event, guard, actions: names }) => {
      const condition = `${event ?? "always"}${guard === undefined ? "" : ` [${guard}]`}`;
      return names.length === 0 ? condition : `${condition} → ${names.join(", ")}`;
    })
    .join("\n");
  const text = `<g class="label" transform="translate(${round(label.x)} ${round(label.y)})"><rect class="back" width="${round(label.block.width)}" height="${round(label.block.height)}" rx="4"/>${blockSvg(label.block, label.block.width)}</g>`;
  return `<g class="transition" id="transition-${index}" data-from="${escape(from)}" data-to="${escape(to)}"><title>${escape(whole)}</title><path class="line" d="${pathOf(points)}" marker-end="url(#arrow-head)"/>${text}</g>`;
}

function everywhere({ x, y, block }: Point & { readonly block: Block }): readonly string[] {
  return [
    `<g class="everywhere" transform="translate(${x} ${y})"><rect class="box" width="${block.width}" height="${block.height}" rx="${cornerRadius}"/>${blockSvg(block, block.width)}</g>`,
  ];
}

function anyState(box: Place): readonly string[] {
  return [
    `<g class="any-state" transform="translate(${round(box.x)} ${round(box.y)})"><rect class="box" width="${box.width}" height="${box.height}" rx="15"/><text class="keyword" x="${box.width / 2}" y="${box.height / 2 + 4}" text-anchor="middle">any state</text></g>`,
  ];
}

function blockSvg(block: Block, width: number, inset = 0): string {
  const rules = block.rules.map(
    (y) => `<path class="rule" d="M${inset} ${y + 0.5} H${round(width - inset)}"/>`,
  );
  return [...rules, ...block.lines.map(lineSvg)].join("");
}

function lineSvg({ x, y, spans, transition }: Line): string {
  const about =
    transition === undefined
      ? ""
      : ` data-event="${escape(transition.event ?? "")}" data-index="${transition.index}"`;
  const texts = spans.map(({ text, kind }) => `<tspan class="${kind}">${escape(text)}</tspan>`);
  return `<text x="${x}" y="${y}"${about}>${texts.join(" ")}</text>`;
}

/** Straight lines with rounded corners. */
function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const parts = [`M${round(first.x)} ${round(first.y)}`];
  let before = first;
  for (const [index, corner] of rest.entries()) {
    const next = rest[index + 1];
    if (next === undefined) parts.push(`L${round(corner.x)} ${round(corner.y)}`);
    else {
      const radius = Math.min(
        cornerRadius,
        distance(before, corner) / 2,
        distance(corner, next) / 2,
      );
      const from = towards(corner, before, radius);
      const to = towards(corner, next, radius);
      parts.push(
        `L${round(from.x)} ${round(from.y)}`,
        `Q${round(corner.x)} ${round(corner.y)} ${round(to.x)} ${round(to.y)}`,
      );
    }
    before = corner;
  }
  return parts.join(" ");
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function towards(from: Point, to: Point, length: number): Point {
  const whole = distance(from, to);
  if (whole === 0) return from;
  return {
    x: from.x + ((to.x - from.x) * length) / whole,
    y: from.y + ((to.y - from.y) * length) / whole,
  };
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
