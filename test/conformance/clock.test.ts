/** What every clock promises, shown on the real one and on a simulated machine's. */
import { describe, expect, test } from "vitest";
import type { Clock } from "../../infra/clock/clock.ts";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";

interface ClockUnderTest {
  readonly clock: Clock;
  /** Lets time pass until the condition holds. */
  readonly until: (condition: () => boolean) => Promise<void>;
}

function realClock(): ClockUnderTest {
  return {
    clock: systemClock,
    async until(condition) {
      while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
    },
  };
}

function simulatedClock(rate: number): ClockUnderTest {
  const world = new SimulatedWorld();
  const machine = world.machine("n1");
  machine.setClockRate(rate);
  return {
    clock: machine.start().clock,
    until(condition) {
      expect(world.runUntil(condition, 60_000)).toBe(true);
      return Promise.resolve();
    },
  };
}

describe.each([
  ["system clock", realClock],
  ["simulated clock", () => simulatedClock(1)],
  ["simulated clock that runs fast", () => simulatedClock(1.013)],
  ["simulated clock that runs slow", () => simulatedClock(0.987)],
])("%s", (_name, make) => {
  test("a timer is never early by the monotonic clock", async () => {
    const { clock, until } = make();
    const earlyByMs: number[] = [];
    for (const delayMs of [0, 0.1, 0.5, 1, 1.9, 3.3, 7, 12.7]) {
      const startMs = clock.monotonicMs();
      clock.after(delayMs, () => earlyByMs.push(startMs + delayMs - clock.monotonicMs()));
    }
    await until(() => earlyByMs.length === 8);
    for (const byMs of earlyByMs) expect(byMs).toBeLessThanOrEqual(0);
  });

  test("timers call back once each, the shorter delay first", async () => {
    const { clock, until } = make();
    const fired: string[] = [];
    clock.after(25, () => fired.push("last"));
    clock.after(1, () => fired.push("first"));
    clock.after(12, () => fired.push("second"));
    await until(() => fired.includes("last"));
    expect(fired).toEqual(["first", "second", "last"]);
  });

  test("a stopped timer never calls back, and stopping it again is harmless", async () => {
    const { clock, until } = make();
    const fired: string[] = [];
    const cancel = clock.after(2, () => fired.push("stopped"));
    const cancelFired = clock.after(1, () => fired.push("early"));
    clock.after(15, () => fired.push("late"));
    cancel();
    cancel();
    await until(() => fired.includes("late"));
    cancelFired();
    expect(fired).toEqual(["early", "late"]);
  });

  test("a timer without delay, or with one that has passed, calls back in a later turn", async () => {
    const { clock, until } = make();
    let fired = 0;
    clock.after(0, () => (fired += 1));
    clock.after(-5, () => (fired += 1));
    expect(fired).toBe(0);
    await until(() => fired === 2);
  });

  test("what is deferred runs in a later turn, in order", async () => {
    const { clock, until } = make();
    const order: string[] = [];
    clock.defer(() => {
      order.push("first");
      clock.defer(() => order.push("third"));
    });
    clock.defer(() => order.push("second"));
    expect(order).toEqual([]);
    await until(() => order.length === 3);
    expect(order).toEqual(["first", "second", "third"]);
  });

  test("the monotonic clock moves on, the wall clock shows whole milliseconds", async () => {
    const { clock, until } = make();
    const startMs = clock.monotonicMs();
    let fired = false;
    clock.after(3, () => (fired = true));
    await until(() => fired);
    expect(clock.monotonicMs()).toBeGreaterThan(startMs);
    expect(Number.isInteger(clock.wallMs())).toBe(true);
    expect(clock.wallMs()).toBeGreaterThan(Date.UTC(2025, 0, 1));
  });

  test("a delay that is no finite number is refused", () => {
    const { clock } = make();
    expect(() => clock.after(Number.NaN, () => {})).toThrow("a delay is a finite number");
    expect(() => clock.after(Infinity, () => {})).toThrow("a delay is a finite number");
  });
});
