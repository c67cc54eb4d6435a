/** Charts as pictures: everything in a definition is in its picture, and nothing covers anything else. */
import { describe, expect, test } from "vitest";
import { chartOf } from "../../charts/chart.ts";
import { drawChart } from "../../charts/draw.ts";
import { layOut, type ChartLayout } from "../../charts/layout.ts";
import type { Place } from "../../charts/places.ts";
import { machines } from "../../machines/index.ts";

const nested = {
  id: "door",
  initial: "closed",
  on: { broke: ".broken" },
  states: {
    closed: {
      description: "Nobody gets through <here>.",
      entry: ["latch"],
      exit: "unlatch",
      on: {
        knock: { actions: "answer" },
        open: [{ guard: "isLocked", actions: "refuse" }, { target: "open" }],
        push: { guard: "isAjar", target: "open" },
        slam: { target: "closed" },
      },
    },
    open: {
      initial: "wide",
      states: {
        wide: { on: { lean: "ajar" } },
        ajar: { always: { guard: "isWindy", target: "#door.closed" } },
      },
      on: { close: { target: "closed" } },
    },
    broken: { type: "final" },
  },
};

describe("what is drawn", () => {
  test("all transitions between the same two states are one arrow", () => {
    const { arrows } = chartOf(nested);
    expect(arrows.map(({ from, to, transitions }) => [from, to, transitions.length])).toEqual([
      [undefined, "broken", 1],
      ["closed", "open", 2],
      ["closed", "closed", 1],
      ["open", "closed", 1],
      ["open.wide", "open.ajar", 1],
      ["open.ajar", "closed", 1],
    ]);
  });

  test("a branch without a guard behind others is the one taken otherwise", () => {
    const [closed] = chartOf(nested).states;
    expect(
      closed?.transitions.map(({ event, guard, otherwise }) => [event, guard, otherwise]),
    ).toEqual([
      ["knock", undefined, false],
      ["open", "isLocked", false],
      ["open", undefined, true],
      ["push", "isAjar", false],
      ["slam", undefined, false],
    ]);
  });

  test("a page finds every state and every arrow by its id", async () => {
    const svg = await drawChart(nested);
    const ids = [...svg.matchAll(/ id="((?:state|transition)-[^"]*)"/g)].map(([, id]) => id);
    expect(ids).toEqual([
      "state-closed",
      "state-open",
      "state-open.wide",
      "state-open.ajar",
      "state-broken",
      ...[0, 1, 2, 3, 4, 5].map((index) => `transition-${index}`),
    ]);
    expect(svg).toContain(`id="transition-5" data-from="open.ajar" data-to="closed"`);
    expect(svg).toContain(`data-event="push" data-index="0"`);
  });

  test("texts are escaped, and states say what they do", async () => {
    const svg = await drawChart(nested);
    expect(svg).toContain("&lt;here&gt;");
    expect(svg).toContain(`<tspan class="keyword">on exit</tspan>`);
    expect(svg).toContain(`<tspan class="action">unlatch</tspan>`);
  });

  test("inner states lie in their outer state", async () => {
    const { states } = await layOut(chartOf(nested));
    const open = states.find(({ state }) => state.name === "open");
    const inner = states.filter(({ state }) => state.name.startsWith("open."));
    expect(inner).toHaveLength(2);
    for (const place of inner) expect(open !== undefined && contains(open, place)).toBe(true);
  });
});

describe.each(machines)("the picture of $id", ({ config }) => {
  test("has no text over another, and everything inside", async () => {
    const layout = await layOut(chartOf(config));
    const places = placesOf(layout);
    const whole = { x: 0, y: 0, width: layout.width, height: layout.height };
    for (const [index, place] of places.entries()) {
      expect(contains(whole, place), JSON.stringify(place)).toBe(true);
      for (const other of places.slice(index + 1)) {
        expect(overlap(place, other), `${JSON.stringify(place)} ${JSON.stringify(other)}`).toBe(
          false,
        );
      }
    }
  });

  test("has a line with both ends for every arrow", async () => {
    const { arrows, states } = await layOut(chartOf(config));
    expect(arrows.length).toBeGreaterThan(0);
    for (const { index, points } of arrows) {
      const end = points.at(-1);
      expect(points.length, `arrow ${index}`).toBeGreaterThan(1);
      expect(
        states.some((state) => end !== undefined && contains(state, { ...end, ...dot })),
        `arrow ${index} ends at a state`,
      ).toBe(true);
    }
  });
});

const dot = { width: 0, height: 0 };

function placesOf({ states, arrows, everywhere, anyState }: ChartLayout): readonly Place[] {
  const labels = arrows.map(({ label: { x, y, block } }) => ({ x, y, ...sizeOf(block) }));
  return [
    ...states.map(({ x, y, width, height }) => ({ x, y, width, height })),
    ...labels,
    ...(everywhere === undefined
      ? []
      : [{ x: everywhere.x, y: everywhere.y, ...sizeOf(everywhere.block) }]),
    ...(anyState === undefined ? [] : [anyState]),
  ];
}

function sizeOf({ width, height }: { readonly width: number; readonly height: number }) {
  return { width, height };
}

function contains(outer: Place, inner: Place): boolean {
  return (
    inner.x >= outer.x - 0.01 &&
    inner.y >= outer.y - 0.01 &&
    inner.x + inner.width <= outer.x + outer.width + 0.01 &&
    inner.y + inner.height <= outer.y + outer.height + 0.01
  );
}

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
