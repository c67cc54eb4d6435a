/** What the simulated world adds to a clock: order, drift, jumps, pauses, suspension and death. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { EventHeap, outsideHeap, type HeapEvent } from "../../infra/clock/event-heap.ts";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";

test("events come out of the heap by time and then by sequence, whatever was removed between", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 200 }), (plan) => {
      const heap = new EventHeap<HeapEvent>();
      const events = plan.map(([timeMs], sequence) => ({
        timeMs,
        sequence,
        position: outsideHeap,
      }));
      for (const event of events) heap.add(event);
      const kept = events.filter((event, index) => {
        const removed = plan[index]?.[1] === true;
        if (removed) heap.remove(event);
        return !removed;
      });
      kept.sort((left, right) => left.timeMs - right.timeMs || left.sequence - right.sequence);
      const taken: HeapEvent[] = [];
      for (let event = heap.takeFirst(); event !== undefined; event = heap.takeFirst()) {
        taken.push(event);
      }
      expect(taken).toEqual(kept);
      expect(heap.size).toBe(0);
    }),
  );
});

test("events at one moment run in the order in which they were scheduled", () => {
  const world = new SimulatedWorld();
  const order: number[] = [];
  for (let index = 0; index < 100; index += 1) world.schedule(5, () => order.push(index));
  world.runUntil(5);
  expect(order).toEqual([...Array(100).keys()]);
});

test("running up to a time runs what is due then and leaves the rest", () => {
  const world = new SimulatedWorld();
  const ran: string[] = [];
  world.schedule(10, () => ran.push("at 10"));
  world.schedule(10.5, () => ran.push("after"));
  world.runUntil(10);
  expect(ran).toEqual(["at 10"]);
  expect(world.nowMs).toBe(10);
});

test("running until a condition stops at once when it holds, and says when time ran out", () => {
  const world = new SimulatedWorld();
  let count = 0;
  for (let index = 1; index <= 10; index += 1) world.schedule(index, () => (count += 1));
  expect(world.runUntil(() => count === 3, 100)).toBe(true);
  expect(world.nowMs).toBe(3);
  expect(world.runUntil(() => count === 11, 100)).toBe(false);
  expect(world.nowMs).toBe(103);
  expect(count).toBe(10);
});

test("two callbacks that schedule each other at one moment are reported, not run for ever", () => {
  const world = new SimulatedWorld();
  const again = (): void => void world.schedule(0, again);
  again();
  expect(() => world.runUntil(1)).toThrow("virtual time moves on");
});

test("a timer with a delay too small for the world's time still fires late, not early", () => {
  const world = new SimulatedWorld();
  world.runUntil(1e9);
  const { clock } = world.machine("n1").start();
  let firedMs = 0;
  clock.after(1e-9, () => (firedMs = clock.monotonicMs()));
  world.runFor(1);
  expect(firedMs).toBeGreaterThanOrEqual(1e-9);
});

test("two runs of one seed are the same run", () => {
  const run = (): string => {
    const world = new SimulatedWorld();
    const randomness = seeded(7);
    const trace: string[] = [];
    const processes = ["n1", "n2", "n3"].map((name) => world.machine(name).start());
    const act = (): void => {
      const process = processes[randomness.below(3)];
      process?.schedule(randomness.fraction() * 10, () => {
        trace.push(`${process.name}@${world.nowMs}`);
        act();
        if (randomness.chance(0.2)) process.stallFor(randomness.fraction() * 30);
        if (randomness.chance(0.1)) process.machine.setClockRate(0.9 + randomness.fraction() * 0.2);
        if (randomness.chance(0.5)) process.clock.after(3, () => trace.push("timer"));
      });
    };
    for (let index = 0; index < 20; index += 1) act();
    world.runUntil(500);
    return trace.join(" ");
  };
  const first = run();
  expect(first.length).toBeGreaterThan(1000);
  expect(run()).toBe(first);
});

test("a machine whose clock gains fires its timers sooner by the world, exactly on time by its own", () => {
  const world = new SimulatedWorld();
  const machine = world.machine("fast");
  machine.setClockRate(2);
  const { clock } = machine.start();
  let firedAtMs = 0;
  clock.after(100, () => (firedAtMs = world.nowMs));
  world.runUntil(200);
  expect(firedAtMs).toBe(50);
  expect(clock.monotonicMs()).toBe(400);
});

test("a timer keeps its length when the clock's rate changes under it", () => {
  const world = new SimulatedWorld();
  const machine = world.machine("n1");
  const { clock } = machine.start();
  const firedAtMs: number[] = [];
  clock.after(100, () => firedAtMs.push(world.nowMs));
  world.runUntil(50);
  machine.setClockRate(0.5);
  world.runUntil(1000);
  expect(firedAtMs).toEqual([150]);
});

test("the wall clock jumps without the monotonic clock noticing", () => {
  const world = new SimulatedWorld({ startWallMs: 1_000_000 });
  const machine = world.machine("n1");
  const { clock } = machine.start();
  world.runUntil(10);
  machine.jumpWall(86_400_000);
  expect(clock.wallMs()).toBe(1_000_010 + 86_400_000);
  expect(clock.monotonicMs()).toBe(10);
  machine.jumpWall(-86_400_005);
  world.runUntil(20);
  expect(clock.wallMs()).toBe(1_000_015);
  expect(world.machine("n2").wallMs()).toBe(1_000_020);
});

test("a paused process runs what came due, in that order, when it is resumed", () => {
  const world = new SimulatedWorld();
  const process = world.machine("n1").start();
  const ran: string[] = [];
  process.clock.after(20, () => ran.push("timer at 20"));
  process.schedule(10, () => ran.push("message at 10"));
  process.clock.after(60, () => ran.push("timer at 60"));
  const cancel = process.clock.after(15, () => ran.push("stopped"));
  process.pause();
  world.runUntil(50);
  expect(ran).toEqual([]);
  expect(process.clock.monotonicMs()).toBe(50);
  cancel();
  process.resume();
  world.runUntil(55);
  expect(ran).toEqual(["message at 10", "timer at 20"]);
  world.runUntil(60);
  expect(ran).toEqual(["message at 10", "timer at 20", "timer at 60"]);
});

test("a stall ends by itself", () => {
  const world = new SimulatedWorld();
  const process = world.machine("n1").start();
  let firedAtMs = 0;
  process.clock.after(5, () => (firedAtMs = world.nowMs));
  process.stallFor(30);
  world.runUntil(100);
  expect(firedAtMs).toBe(30);
});

test("a suspended machine's monotonic clock and timers stand still, its wall clock goes on", () => {
  const world = new SimulatedWorld({ startWallMs: 0 });
  const machine = world.machine("n1");
  const { clock } = machine.start();
  const firedAtMs: number[] = [];
  clock.after(30, () => firedAtMs.push(world.nowMs));
  world.runUntil(10);
  machine.suspend();
  clock.after(5, () => firedAtMs.push(world.nowMs));
  world.runUntil(1010);
  expect(clock.monotonicMs()).toBe(10);
  machine.resume();
  world.runUntil(2000);
  expect(firedAtMs).toEqual([1015, 1030]);
  expect(clock.monotonicMs()).toBe(1000);
  expect(clock.wallMs()).toBe(2000);
});

test("a suspension does not shorten or revive the timers set or stopped during it", () => {
  const world = new SimulatedWorld();
  const machine = world.machine("n1");
  const process = machine.start();
  const ran: string[] = [];
  const cancel = process.clock.after(10, () => ran.push("stopped"));
  machine.suspend();
  process.clock.after(2_000, () => ran.push(`long timer at ${world.nowMs}`));
  process.schedule(5, () => ran.push(`message at ${world.nowMs}`));
  cancel();
  world.runUntil(100);
  process.resume();
  world.runUntil(1_000);
  expect(ran).toEqual([]);
  machine.resume();
  world.runUntil(5_000);
  expect(ran).toEqual(["message at 1000", "long timer at 3000"]);
});

test("a process started on a suspended machine waits, and one killed there never runs again", () => {
  const world = new SimulatedWorld();
  const machine = world.machine("n1");
  const killed = machine.start();
  const ran: string[] = [];
  killed.clock.after(10, () => ran.push("killed"));
  machine.suspend();
  killed.kill();
  const started = machine.start();
  started.schedule(1, () => ran.push(`started at ${world.nowMs}`));
  world.runUntil(100);
  machine.resume();
  world.runUntil(200);
  expect(ran).toEqual(["started at 100"]);
});

test("nothing that a killed process scheduled ever runs, and its successor starts clean", () => {
  const world = new SimulatedWorld();
  const machine = world.machine("n1");
  const first = machine.start();
  const ran: string[] = [];
  first.clock.after(10, () => ran.push("timer"));
  first.schedule(10, () => ran.push("message"));
  first.clock.defer(() => ran.push("deferred"));
  first.kill();
  first.clock.after(1, () => ran.push("from beyond"));
  first.resume();
  const second = machine.start();
  second.clock.after(20, () => ran.push("second life"));
  world.runUntil(100);
  expect(ran).toEqual(["second life"]);
  expect(first.alive).toBe(false);
});

test("what a paused process had waiting vanishes when it is killed", () => {
  const world = new SimulatedWorld();
  const process = world.machine("n1").start();
  const ran: string[] = [];
  process.clock.after(1, () => ran.push("timer"));
  process.pause();
  world.runUntil(5);
  process.kill();
  process.resume();
  world.runUntil(10);
  expect(ran).toEqual([]);
  expect(world.eventsPending).toBe(0);
});
