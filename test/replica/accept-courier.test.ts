/** Who is sent an entry at once and who a little later, and what happens when those first ones do not answer. */
import { beforeEach, expect, test } from "vitest";
import { AcceptCourier } from "../../actors/replica/accept-courier.ts";
import type { Accept } from "../../machines/messages.ts";
import { ManualClock } from "../state-store/manual-clock.ts";

let clock: ManualClock;
let sent: string[];

function accept(slot: number, bytes = 100): Accept {
  const ballot = { epoch: 1, round: 1, member: 1 };
  return { type: "accept", ballot, slot, commitIndex: slot - 1, entry: new Uint8Array(bytes) };
}

function courier(others: readonly string[], needed: number): AcceptCourier {
  return new AcceptCourier({
    clock,
    others,
    needed,
    send: (to, { slot }, isUrgent) => void sent.push(`${to} ${slot}${isUrgent ? " now" : ""}`),
    broadcast: ({ slot }) => void sent.push(`all ${slot}`),
  });
}

beforeEach(() => {
  clock = new ManualClock();
  sent = [];
});

test("one is asked at once, the other for several entries together", () => {
  const made = courier(["n2", "n3"], 1);
  made.send(accept(1));
  made.accepted("n2", [1]);
  made.send(accept(2));
  made.accepted("n2", [2]);
  expect(sent).toEqual(["n2 1 now", "n2 2 now"]);
  clock.runAll();
  expect(sent.slice(2)).toEqual(["n3 1", "n3 2"]);
});

test("of five members two others are asked at once, and the second leaves with the first", () => {
  const made = courier(["n2", "n3", "n4", "n5"], 2);
  made.send(accept(1));
  expect(sent).toEqual(["n2 1", "n3 1 now"]);
  clock.runAll();
  expect(sent.slice(2)).toEqual(["n4 1", "n5 1"]);
});

test("the rest hears of an entry before anything else", () => {
  const made = courier(["n2", "n3"], 1);
  made.send(accept(1));
  made.flush();
  expect(sent).toEqual(["n2 1 now", "n3 1"]);
  clock.runAll();
  expect(sent).toHaveLength(2);
});

test("a large entry is published to all, behind what was held", () => {
  const made = courier(["n2", "n3"], 1);
  made.send(accept(1));
  made.send(accept(2, 5_000));
  expect(sent).toEqual(["n2 1 now", "n3 1", "all 2"]);
});

test("the rest waits for so many entries only", () => {
  const made = courier(["n2", "n3"], 1);
  for (let slot = 1; slot <= 32; slot++) made.send(accept(slot));
  expect(sent.filter((each) => each.startsWith("n3"))).toHaveLength(32);
});

test("whoever answers before the one that was asked first is asked first from then on", () => {
  const made = courier(["n2", "n3"], 1);
  made.send(accept(1));
  clock.runAll();
  made.accepted("n3", [1]);
  made.send(accept(2));
  expect(sent.slice(2)).toEqual(["n3 2 now"]);
  made.accepted("n2", [1]);
  clock.runAll();
  expect(sent.slice(3)).toEqual(["n2 2"]);
});

test("of several that are asked first the slow one loses its place", () => {
  const made = courier(["n2", "n3", "n4", "n5"], 2);
  made.send(accept(1));
  made.accepted("n2", [1]);
  clock.runAll();
  made.accepted("n5", [1]);
  sent = [];
  made.send(accept(2));
  expect(sent).toEqual(["n2 2", "n5 2 now"]);
});

test("the rest is not moved up by answers to what the first ones have answered as well", () => {
  const made = courier(["n2", "n3"], 1);
  made.send(accept(1));
  made.accepted("n2", [1]);
  made.send(accept(2));
  clock.runAll();
  made.accepted("n3", [1]);
  sent = [];
  made.send(accept(3));
  expect(sent).toEqual(["n2 3 now"]);
  clock.runAll();
  expect(sent).toEqual(["n2 3 now", "n3 3"]);
});

test("the newest of several entries that are answered together says nothing of who is slow", () => {
  const made = courier(["n2", "n3"], 1);
  made.send(accept(1));
  made.accepted("n2", [1]);
  made.send(accept(2));
  clock.runAll();
  made.accepted("n3", [1, 2]);
  sent = [];
  made.send(accept(3));
  expect(sent).toEqual(["n2 3 now"]);
});

test("what is held when the order changes reaches whoever has not been sent it", () => {
  const made = courier(["n2", "n3"], 1);
  made.send(accept(1));
  clock.runAll();
  made.send(accept(2));
  made.accepted("n3", [1]);
  expect(sent).toEqual(["n2 1 now", "n3 1", "n2 2 now", "n3 2"]);
});

test("where all are needed all are asked", () => {
  const made = courier(["n2", "n3"], 2);
  made.send(accept(1));
  expect(sent).toEqual(["all 1"]);
});

test("after its end nothing is sent", () => {
  const made = courier(["n2", "n3"], 1);
  made.send(accept(1));
  made.stop();
  clock.runAll();
  expect(sent).toEqual(["n2 1 now"]);
});
