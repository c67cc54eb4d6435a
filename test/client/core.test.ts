/** The parts of the core that have a simple model: queue, deadlines, numbers, and who owns which part of a range. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { operationKind, type Range } from "../../kv/commands/operation.ts";
import { sessionWindow } from "../../kv/limits.ts";
import { newest } from "../../kv/revision.ts";
import { CallQueue } from "../../client/core/call-queue.ts";
import { Call } from "../../client/core/call.ts";
import { DeadlineWheel } from "../../client/core/deadline-wheel.ts";
import { linearizable } from "../../client/core/freshness.ts";
import { Numbering } from "../../client/core/numbering.ts";
import { RouteMap } from "../../client/core/route-map.ts";
import { restOf, routeCall, spansOf } from "../../client/core/routing.ts";

const completion = { succeeded: () => {}, failed: () => {} };

function call(timeoutMs: number, nowMs = 0, range: Partial<Range> = {}): Call {
  const operation: Range = {
    kind: operationKind.range,
    start: "",
    end: undefined,
    limit: 0,
    reverse: false,
    keysOnly: false,
    at: newest,
    cursor: undefined,
    ...range,
  };
  return new Call(operation, linearizable, completion, 1, 1, timeoutMs, nowMs);
}

test("a queue gives its calls in order, without those that were settled meanwhile", () => {
  const steps = fc.array(
    fc.oneof(
      fc.constant("push" as const),
      fc.constant("push" as const),
      fc.constant("take" as const),
      fc.constant("first" as const),
      fc.nat(100),
    ),
    { size: "large" },
  );
  fc.assert(
    fc.property(steps, (taken) => {
      const queue = new CallQueue();
      let model: Call[] = [];
      for (const step of taken) {
        if (step === "push" || step === "first") {
          const added = call(1);
          if (step === "push") queue.push(added);
          else queue.pushFirst([added]);
          model = step === "push" ? [...model, added] : [added, ...model];
        } else if (step === "take") expect(queue.take()).toBe(model.shift());
        else {
          const [settled] = model.splice(step, 1);
          if (settled === undefined) continue;
          settled.settled = true;
          queue.noteSettled(settled);
        }
        expect(queue.count).toBe(model.length);
        expect(queue.isEmpty).toBe(model.length === 0);
      }
      expect(queue.takeAll()).toEqual(model);
    }),
  );
});

test("a queue that never runs empty holds on to nothing it has given", () => {
  const queue = new CallQueue();
  queue.push(call(1));
  let longest = 0;
  for (let at = 0; at < 50_000; at++) {
    queue.push(call(1));
    queue.take();
    longest = Math.max(longest, queue.held);
  }
  expect(longest).toBeLessThan(3_000);
});

test("deadlines are handed over once they have passed, never before, and none is forgotten", () => {
  const timeouts = fc.array(fc.double({ min: 0.01, max: 20_000, noNaN: true }), { maxLength: 40 });
  const pauses = fc.array(fc.double({ min: 0, max: 9_000, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(timeouts, pauses, (timeoutsMs, pausesMs) => {
      const wheel = new DeadlineWheel(10);
      const open = new Set<Call>();
      let nowMs = 1_000;
      wheel.due(nowMs);
      for (const timeoutMs of timeoutsMs) {
        const added = call(timeoutMs, nowMs);
        open.add(added);
        wheel.add(added);
      }
      for (const pauseMs of [...pausesMs, 10, 30_000]) {
        nowMs += pauseMs;
        for (const due of wheel.due(nowMs)) {
          expect(due.deadlineMs).toBeLessThanOrEqual(nowMs);
          expect(open.delete(due)).toBe(true);
          wheel.remove(due);
        }
        // At most one tick late.
        for (const { deadlineMs } of open) expect(deadlineMs).toBeGreaterThan(nowMs - 10);
        expect(wheel.size).toBe(open.size);
      }
      expect(open.size).toBe(0);
    }),
  );
});

test("the floor is the highest number below which all are settled, and the window never exceeds 256", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), { minLength: 1, maxLength: 2_000 }), (lots) => {
      const numbering = new Numbering();
      const open = new Set<number>();
      for (const lot of lots) {
        const victim = [...open][lot];
        if (victim !== undefined) {
          open.delete(victim);
          numbering.settle(victim);
        } else if (numbering.canOpen) open.add(numbering.open());
        const lowest = Math.min(...open);
        if (open.size > 0) expect(numbering.floor).toBe(lowest - 1);
        expect(Math.max(0, ...open)).toBeLessThanOrEqual(numbering.floor + sessionWindow);
        expect(numbering.isIdle).toBe(open.size === 0);
      }
    }),
  );
});

describe("ranges over regions", () => {
  const letters = "abcdefghij".split("");
  const bounds = fc.subarray(letters, { minLength: 1 });
  /** Regions between some letters, owned by one of two groups or by nobody. */
  const maps = fc
    .tuple(bounds, fc.array(fc.constantFrom("g1", "g2", undefined), { minLength: 11 }))
    .map(([starts, owners]) => {
      const edges = ["", ...starts];
      const regions = edges.flatMap((start, at) => {
        const group = owners[at];
        return group === undefined
          ? []
          : [{ id: at, version: 1, start, end: edges[at + 1], group }];
      });
      return new RouteMap({ clusterId: "c", version: 1, regions });
    });
  const key = fc.constantFrom(...letters);

  test("every key has the owner that the regions say", () => {
    fc.assert(
      fc.property(maps, fc.array(key), (routes, keys) => {
        for (const at of keys) {
          const owner = routes.regions.find(
            ({ start, end }) => start <= at && (end === undefined || at < end),
          );
          expect(routes.groupOf(at)).toBe(owner?.group);
        }
      }),
    );
  });

  test("a range is read to its end, each part at the group that owns it, forwards and backwards", () => {
    const query = fc.record({
      start: key,
      end: fc.option(key, { nil: undefined }),
      reverse: fc.boolean(),
    });
    fc.assert(
      fc.property(maps, query, fc.nat(3), (routes, { start, end, reverse }, pageSize) => {
        const wanted = letters.filter((at) => at >= start && (end === undefined || at < end));
        const whole = wanted.every((at) => routes.groupOf(at) !== undefined);
        fc.pre(
          wanted.length > 0 && whole && (end !== undefined || routes.groupOf("k") !== undefined),
        );
        const seen: string[] = [];
        let range: { start: string; end: string | undefined } = { start, end };
        for (let pages = 0; pages < 100; pages++) {
          const reading = call(1, 0, { ...range, reverse });
          const group = routeCall(reading, routes);
          const span = reading.span;
          if (group === undefined || span === undefined) throw new Error("nobody owns the rest");
          const inSpan = letters.filter(
            (at) => at >= span.start && (span.end === undefined || at < span.end),
          );
          if (reverse) inSpan.reverse();
          for (const at of inSpan) expect(routes.groupOf(at)).toBe(group);
          const page = inSpan.slice(0, pageSize + 1);
          const cursor = page.length < inSpan.length ? page.at(-1) : undefined;
          seen.push(...page);
          const rest = restOf(reading, { kind: operationKind.range, rows: [], cursor });
          if (rest === undefined) break;
          range = reverse ? { start, end: rest } : { start: rest, end };
        }
        expect(seen).toEqual(reverse ? wanted.toReversed() : wanted);
      }),
      { numRuns: 500 },
    );
  });

  test("the spans of a range follow each other up to its end, or to the first gap", () => {
    const query = fc.record({ start: key, end: fc.option(key, { nil: undefined }) });
    fc.assert(
      fc.property(maps, query, (routes, range) => {
        fc.pre(range.end === undefined || range.start < range.end);
        let at: string | undefined = range.start;
        for (const span of spansOf(range, routes)) {
          expect(span.start).toBe(at);
          expect(routes.groupOf(span.start)).toBe(span.group);
          at = span.end;
        }
        const reached = at === range.end || at === undefined;
        if (!reached) expect(routes.groupOf(at ?? "")).toBeUndefined();
      }),
    );
  });
});
