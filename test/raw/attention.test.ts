/** A node hears raw requests only while it may have to answer them, and never begins too late. */
import { expect, test } from "vitest";
import { Attention } from "../../actors/raw/attention.ts";
import type { Replica } from "../../actors/replica/replica.ts";
import type { Clock } from "../../infra/clock/clock.ts";

const owned = [{ id: 1, version: 1, start: "", end: undefined }];

class Node {
  listening = 0;
  opened = 0;
  readonly replica = {
    leads: false,
    leader: "n2" as string | undefined,
    stopReason: undefined as object | undefined,
    regions: { owned: owned as readonly object[] },
  };
  readonly attention: Attention;
  #due: (() => void) | undefined;

  constructor() {
    const clock: Partial<Clock> = {
      after: (_, callback) => {
        this.#due = callback;
        return () => (this.#due = undefined);
      },
    };
    this.attention = new Attention({
      clock: clock as Clock,
      replicas: () => [this.replica as unknown as Replica],
      listen: () => {
        this.listening += 1;
        this.opened += 1;
        return [{ close: () => (this.listening -= 1) }];
      },
    });
    this.attention.call();
  }

  /** Lets the time to look around come that often; 0 = it never comes again. */
  look(times: number): number {
    let looked = 0;
    for (; looked < times && this.#due !== undefined; looked++) {
      const due = this.#due;
      this.#due = undefined;
      due();
    }
    return looked;
  }
}

test("a node that only follows stops listening, but not at once", () => {
  const node = new Node();
  node.look(1);
  expect(node.listening).toBe(1);
  node.look(1);
  expect(node.listening).toBe(0);
  expect(node.look(1)).toBe(0);
});

test("a node listens as long as a replica leads or knows no leader", () => {
  const node = new Node();
  node.replica.leads = true;
  node.look(5);
  expect(node.listening).toBe(1);
  node.replica.leads = false;
  node.replica.leader = undefined;
  node.look(5);
  expect(node.listening).toBe(1);
  node.replica.leader = "n3";
  node.look(2);
  expect(node.listening).toBe(0);
});

test("groups without keys and stopped replicas are nothing to listen for", () => {
  const node = new Node();
  node.replica.leads = true;
  node.replica.regions.owned = [];
  node.look(2);
  expect(node.listening).toBe(0);
  const stopped = new Node();
  stopped.replica.leader = undefined;
  stopped.replica.stopReason = {};
  stopped.look(2);
  expect(stopped.listening).toBe(0);
});

test("a campaign makes it listen at once, for longer each time, and only once", () => {
  const node = new Node();
  node.look(1);
  node.attention.call();
  node.look(1);
  expect([node.listening, node.opened]).toEqual([1, 1]);
  node.look(1);
  expect(node.listening).toBe(0);
  node.attention.call();
  expect([node.listening, node.opened]).toEqual([1, 2]);
});

test("nothing begins any more once it was stopped", () => {
  const node = new Node();
  node.look(2);
  node.attention.stop();
  node.attention.call();
  expect(node.listening).toBe(0);
});
