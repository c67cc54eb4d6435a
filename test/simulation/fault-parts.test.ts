/** What faults are made of: steps that end when all is mended, traps, old messages, and scenes around leaders. */
import { expect, test } from "vitest";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import { faultClasses, passingFaults } from "../../sim/nemesis.ts";
import { everyFault } from "../../sim/faults/every-fault.ts";
import { OldMessages } from "../../sim/faults/old-messages.ts";
import { Sequels } from "../../sim/faults/sequels.ts";
import { Trap } from "../../sim/faults/trap.ts";

test("steps that are still to come end when all is mended, and the next round's go on", () => {
  const world = new SimulatedWorld();
  const sequels = new Sequels(world);
  const done: string[] = [];
  let ready = false;
  sequels.later(10, () => done.push("early"));
  sequels.later(100, () => done.push("late"));
  sequels.once(
    5,
    () => ready,
    () => done.push("once"),
  );
  world.runFor(50);
  sequels.end();
  ready = true;
  sequels.later(10, () => done.push("next round"));
  world.runFor(1_000);
  expect(done).toEqual(["early", "next round"]);
  sequels.once(
    5,
    () => ready,
    () => done.push("once"),
  );
  world.runFor(1_000);
  expect(done).toEqual(["early", "next round", "once"]);
});

test("one scene a round gets the stage", () => {
  const sequels = new Sequels(new SimulatedWorld());
  expect([sequels.takeStage(), sequels.takeStage()]).toEqual([true, false]);
  sequels.end();
  expect(sequels.takeStage()).toBe(true);
});

test("a trap lets some pass, and springs before what it catches or after it has left", () => {
  for (const when of ["before", "after"] as const) {
    const seen: string[] = [];
    const spring = (): void => void seen.push("sprung");
    const trap = new Trap({ catches: (what) => what === "promised", skips: 1, when, spring });
    for (const what of ["promised", "accepted", "promised", "promised"]) {
      trap.leaves(what);
      seen.push(what);
      trap.left();
    }
    const third = when === "before" ? ["sprung", "promised"] : ["promised", "sprung"];
    expect(seen).toEqual(["promised", "accepted", ...third, "promised"]);
  }
});

test("of every type of message some are kept, from all times, and not too many", () => {
  const old = new OldMessages();
  old.note("handOver", "n1", "synod.p.n-n2.n1", Uint8Array.of(255, 255));
  for (let number = 0; number < 10_000; number++) {
    old.note("accept", "n1", "synod.p.g-g1.n1", Uint8Array.of(number >> 8, number & 255));
  }
  const numbers = old.all.map(({ payload }) => (payload[0] ?? 0) * 256 + (payload[1] ?? 0));
  expect(numbers).toContain(65_535);
  expect(numbers.length).toBeLessThan(70);
  expect(numbers.filter((number) => number < 5_000).length).toBeGreaterThan(10);
  expect(numbers.filter((number) => number >= 5_000 && number < 10_000).length).toBeGreaterThan(10);
});

test("an old message is kept as it was said", () => {
  const old = new OldMessages();
  const payload = Uint8Array.of(1);
  old.note("accept", "n1", "subject", payload);
  payload[0] = 2;
  expect(old.all.map((message) => message.payload[0])).toEqual([1]);
});

test("faults that leave a disk damaged for good are told from those that pass", () => {
  const lasting = faultClasses.filter((name) => !passingFaults.includes(name));
  expect(lasting).toEqual([
    "lost log",
    "lost state",
    "reformat",
    "restored store",
    "flipped bit in the log",
    "misplaced record",
    "flipped bit in the state",
    "misplaced block",
  ]);
});

test("each class has one turn, and those that damage a disk for good lie apart", () => {
  expect(new Set(faultClasses).size).toBe(faultClasses.length);
  expect(faultClasses.toSorted()).toEqual(Object.keys(everyFault).toSorted());
  const places = faultClasses.flatMap((name, at) => (passingFaults.includes(name) ? [] : [at]));
  for (const [index, place] of places.slice(1).entries()) {
    expect(place - (places[index] ?? 0)).toBeGreaterThan(5);
  }
});
