/** What the simulated network adds to a transport: faults that strike on command, are counted, and repeat by seed. */
import { describe, expect, test } from "vitest";
import type { SimulatedProcess } from "../../infra/clock/simulated-process.ts";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import type { LinkConditions } from "../../infra/transport/link-conditions.ts";
import {
  SimulatedNetwork,
  type SimulatedNetworkOptions,
} from "../../infra/transport/simulated-network.ts";
import type { SimulatedTransport } from "../../infra/transport/simulated-transport.ts";

interface Member {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly transport: SimulatedTransport;
  /** `sender:content`, in the order of arrival. */
  readonly received: string[];
}

class Cluster {
  readonly world = new SimulatedWorld();
  readonly network: SimulatedNetwork;
  readonly members: Member[];

  constructor(names: readonly string[], options: SimulatedNetworkOptions = {}, seed = 1) {
    this.network = new SimulatedNetwork(this.world, seeded(seed).split("network"), options);
    this.members = names.map((name) => this.start(name));
    this.world.runFor(10);
  }

  start(name: string): Member {
    const process = this.world.machine(name).start();
    const transport = this.network.connect(process, {
      noEcho: true,
      onProblem(problem) {
        if (problem.kind !== "not connected") throw problem.cause;
      },
    });
    const received: string[] = [];
    for (const to of [`n-${name}`, "g-all"]) {
      transport.subscribe(`synod.p.${to}.*`, (message) => {
        const from = message.subject.slice(message.subject.lastIndexOf(".") + 1);
        received.push(`${from}:${new TextDecoder().decode(message.payload)}`);
      });
    }
    return { name, process, transport, received };
  }

  member(name: string): Member {
    const member = this.members.find((other) => other.name === name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  tell(from: string, to: string, content: string): void {
    const payload = new TextEncoder().encode(content);
    this.member(from).transport.publish(`synod.p.n-${to}.${from}`, payload);
  }

  tellAll(from: string, content: string): void {
    const payload = new TextEncoder().encode(content);
    this.member(from).transport.publish(`synod.p.g-all.${from}`, payload);
  }
}

const three = ["n1", "n2", "n3"];
/** Counters that a storm of chance leaves at zero. */
const onCommandOnly = new Set(["clogged", "unheard", "sifted", "repeated"]);

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_unused, index) => String(index));
}

describe("links", () => {
  test("on a calm network everything arrives once, in order, within the delay", () => {
    const cluster = new Cluster(three);
    for (const content of numbers(200)) cluster.tellAll("n1", content);
    cluster.world.runFor(5);
    const expected = numbers(200).map((content) => `n1:${content}`);
    expect(cluster.member("n2").received).toEqual(expected);
    expect(cluster.member("n3").received).toEqual(expected);
    expect(cluster.network.counters).toMatchObject({ published: 200, delivered: 400, lost: 0 });
  });

  test("loss takes its share of every link, and is counted", () => {
    const cluster = new Cluster(three, { conditions: { lossChance: 0.2 } });
    for (const content of numbers(2_000)) cluster.tell("n1", "n2", content);
    cluster.world.runFor(100);
    const { lost, delivered } = cluster.network.counters;
    expect(lost).toBeGreaterThan(300);
    expect(lost).toBeLessThan(500);
    expect(delivered).toBe(2_000 - lost);
    expect(cluster.member("n2").received).toHaveLength(delivered);
  });

  test("only messages between nodes are duplicated", () => {
    const cluster = new Cluster(three, { conditions: { duplicateChance: 1, slowMsMax: 50 } });
    const received: string[] = [];
    cluster.member("n2").transport.subscribe(">", ({ subject }) => received.push(subject));
    for (const subject of ["synod.api.n2", "_INBOX.x.1", "synod.kv.b.put.k", "synod.feed.g1"]) {
      cluster.member("n1").transport.publish(subject, new Uint8Array(1));
    }
    cluster.tell("n1", "n3", "twice");
    cluster.world.runFor(1_000);
    expect(received.filter((subject) => !subject.startsWith("synod.p."))).toHaveLength(4);
    expect(received.filter((subject) => subject === "synod.p.n-n3.n1")).toHaveLength(2);
    expect(cluster.member("n3").received).toEqual(["n1:twice", "n1:twice"]);
  });

  test("messages keep their order unless overtaking is allowed", () => {
    const conditions = { delayMsMean: 20, slowChance: 0.1, slowMsMax: 100 };
    const arrivals = (overtakeChance: number): string[] => {
      const cluster = new Cluster(three, { conditions: { ...conditions, overtakeChance } });
      for (const content of numbers(100)) cluster.tell("n1", "n2", content);
      cluster.world.runFor(2_000);
      return cluster.member("n2").received;
    };
    const inOrder = numbers(100).map((content) => `n1:${content}`);
    expect(arrivals(0)).toEqual(inOrder);
    const overtaken = arrivals(0.5);
    expect(overtaken).not.toEqual(inOrder);
    expect(overtaken.sort()).toEqual(inOrder.sort());
  });

  test("slow messages arrive, much later", () => {
    const cluster = new Cluster(three, {
      conditions: { slowChance: 0.5, slowMsMax: 10_000, overtakeChance: 1 },
    });
    for (const content of numbers(100)) cluster.tell("n1", "n2", content);
    cluster.world.runFor(10);
    const early = cluster.member("n2").received.length;
    expect(early).toBeGreaterThan(20);
    expect(early).toBeLessThan(80);
    cluster.world.runFor(10_001);
    expect(cluster.member("n2").received).toHaveLength(100);
    expect(cluster.network.counters.slow).toBeGreaterThan(20);
  });

  test("a link may have conditions of its own, one way, until they are taken back", () => {
    const cluster = new Cluster(three);
    cluster.network.setLink("n1", "n2", { lossChance: 1 });
    const tellEverybody = (): void => {
      cluster.tell("n1", "n2", "x");
      cluster.tell("n2", "n1", "x");
      cluster.tell("n1", "n3", "x");
      cluster.world.runFor(10);
    };
    tellEverybody();
    expect(cluster.members.map((member) => member.received.length)).toEqual([1, 0, 1]);
    cluster.network.setLink("n1", "n2", undefined);
    tellEverybody();
    expect(cluster.members.map((member) => member.received.length)).toEqual([2, 1, 2]);
  });

  test("a cut link drops one way only, also what was already in flight", () => {
    const cluster = new Cluster(three);
    cluster.tell("n1", "n2", "in flight");
    cluster.network.cut("n1", "n2");
    cluster.tell("n1", "n2", "cut");
    cluster.tell("n2", "n1", "back");
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual([]);
    expect(cluster.member("n1").received).toEqual(["n2:back"]);
    expect(cluster.network.counters.cut).toBe(2);
    cluster.network.heal("n1", "n2");
    cluster.tell("n1", "n2", "healed");
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual(["n1:healed"]);
  });

  test("a partition cuts both ways between the sides and nothing within them", () => {
    const cluster = new Cluster(["n1", "n2", "n3", "n4", "n5"]);
    cluster.network.partition(["n1", "n2"], ["n3", "n4", "n5"]);
    for (const { name } of cluster.members) cluster.tellAll(name, "x");
    cluster.world.runFor(10);
    const heard = cluster.members.map((member) =>
      member.received
        .map((message) => message.slice(0, 2))
        .sort()
        .join(),
    );
    expect(heard).toEqual(["n2", "n1", "n4,n5", "n3,n5", "n3,n4"]);
    cluster.network.healAll();
    cluster.tellAll("n1", "y");
    cluster.world.runFor(10);
    expect(cluster.member("n5").received.at(-1)).toBe("n1:y");
  });

  test("a deaf process hears nothing but stays connected and can speak", () => {
    const cluster = new Cluster(three);
    cluster.network.setDeaf("n2", true);
    cluster.tellAll("n1", "unheard");
    cluster.tellAll("n2", "spoken");
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual([]);
    expect(cluster.member("n2").transport.connected).toBe(true);
    expect(cluster.member("n1").received).toEqual(["n2:spoken"]);
    cluster.network.setDeaf("n2", false);
    cluster.tellAll("n1", "heard");
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual(["n1:heard"]);
  });

  test("a clogged link loses nothing and delivers all of it late, in order", () => {
    const cluster = new Cluster(three);
    cluster.network.clog("n1", "n2");
    for (const content of numbers(5)) cluster.tell("n1", "n2", content);
    cluster.world.runFor(5_000);
    expect(cluster.member("n2").received).toEqual([]);
    expect(cluster.network.counters.clogged).toBe(5);
    cluster.network.unclog("n1", "n2");
    cluster.world.runFor(1);
    expect(cluster.member("n2").received).toEqual(numbers(5).map((content) => `n1:${content}`));
  });
});

describe("connections and the broker", () => {
  test("what is in flight to a connection that breaks is lost; its owner notices and comes back", () => {
    const cluster = new Cluster(three);
    const { transport, received } = cluster.member("n2");
    const changes: boolean[] = [];
    transport.onConnectionChange((connected) => changes.push(connected));
    cluster.tell("n1", "n2", "in flight");
    cluster.network.disconnect(transport);
    expect(transport.connected).toBe(true);
    cluster.world.runFor(1);
    expect(transport.connected).toBe(false);
    cluster.world.runFor(1_000);
    expect(changes).toEqual([false, true]);
    expect(received).toEqual([]);
    expect(cluster.network.counters).toMatchObject({ lostInFlight: 1, disconnects: 1 });
    cluster.tell("n1", "n2", "after");
    cluster.world.runFor(10);
    expect(received).toEqual(["n1:after"]);
  });

  test("of what is in flight from a connection that breaks, the beginning or the end is lost", () => {
    const sent = numbers(200).map((content) => `n1:${content}`);
    const kinds = { "the end": 0, "the beginning": 0 };
    for (let seed = 1; seed <= 40; seed++) {
      const cluster = new Cluster(three, { conditions: { delayMsMin: 1_000 } }, seed);
      for (const content of numbers(200)) cluster.tell("n1", "n2", content);
      cluster.network.disconnect(cluster.member("n1").transport);
      cluster.world.runFor(500);
      expect(cluster.member("n1").transport.connection).toBe(2);
      cluster.world.runFor(2_000);
      const { received } = cluster.member("n2");
      const [first, last] = [received[0] === sent[0], received.at(-1) === sent.at(-1)];
      expect(received).toEqual(
        last ? sent.slice(-received.length) : sent.slice(0, received.length),
      );
      if (received.length > 0 && first !== last) kinds[first ? "the end" : "the beginning"] += 1;
    }
    expect(kinds["the end"]).toBeGreaterThan(5);
    expect(kinds["the beginning"]).toBeGreaterThan(5);
  });

  test("until a broken connection is noticed, what is published is lost without a word", () => {
    const cluster = new Cluster(three);
    const { transport } = cluster.member("n1");
    cluster.network.unplug(transport, 2_000);
    cluster.world.runFor(1_999);
    expect(transport.connected).toBe(true);
    cluster.tell("n1", "n2", "lost");
    cluster.world.runFor(1_000);
    expect(transport.connected).toBe(false);
    cluster.tell("n1", "n2", "dropped");
    cluster.world.runFor(60_000);
    expect(transport.connected).toBe(false);
    cluster.network.plug(transport);
    cluster.world.runFor(1_000);
    expect(transport.connected).toBe(true);
    expect(cluster.member("n2").received).toEqual([]);
    expect(transport.counters.droppedWhileDisconnected).toBe(1);
    expect(cluster.network.counters.lostInFlight).toBe(1);
  });

  test("a restart of the broker disconnects everybody and loses everything in flight", () => {
    const cluster = new Cluster(three, { survivesResetChance: 1 });
    cluster.tellAll("n1", "in flight");
    cluster.network.restartBroker();
    cluster.world.runFor(1);
    expect(cluster.members.map((member) => member.transport.connected)).toEqual([
      false,
      false,
      false,
    ]);
    cluster.world.runFor(1_000);
    expect(cluster.members.map((member) => member.transport.connection)).toEqual([2, 2, 2]);
    expect(cluster.members.flatMap((member) => member.received)).toEqual([]);
    expect(cluster.network.counters).toMatchObject({ lostInFlight: 2, brokerStops: 1 });
    cluster.tellAll("n1", "after");
    cluster.world.runFor(10);
    expect(cluster.member("n3").received).toEqual(["n1:after"]);
  });

  test("while the broker is down nobody connects", () => {
    const cluster = new Cluster(three);
    cluster.network.stopBroker();
    cluster.world.runFor(10_000);
    expect(cluster.members.map((member) => member.transport.connected)).toEqual([
      false,
      false,
      false,
    ]);
    cluster.network.startBroker();
    cluster.world.runFor(250);
    expect(cluster.members.map((member) => member.transport.connected)).toEqual([true, true, true]);
  });

  test("a subscription may be unknown to publishers for a while, and may be gone before it is known", () => {
    const cluster = new Cluster(three, { interestDelayMs: 100 });
    cluster
      .member("n3")
      .transport.subscribe("gone", () => {})
      .close();
    cluster.tell("n1", "n2", "too early");
    cluster.world.runFor(100);
    cluster.tell("n1", "n2", "known");
    cluster.member("n1").transport.publish("gone", new Uint8Array(1));
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual(["n1:known"]);
    expect(cluster.network.counters.unheard).toBe(2);
  });

  test("a flush is not answered by a connection that broke meanwhile", () => {
    const cluster = new Cluster(three);
    const { transport } = cluster.member("n1");
    const outcomes: (string | undefined)[] = [];
    transport.flush((failure) => outcomes.push(failure?.message));
    cluster.network.unplug(transport, 500);
    cluster.world.runFor(499);
    expect(outcomes).toEqual([]);
    cluster.world.runFor(10);
    expect(outcomes).toEqual(["the connection to the simulated broker was lost"]);
  });

  test("what is in flight to a transport that is closed is not delivered", () => {
    const cluster = new Cluster(three);
    cluster.tell("n1", "n2", "in flight");
    void cluster.member("n2").transport.close();
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual([]);
  });
});

describe("processes", () => {
  test("messages wait for a paused process, however old they get", () => {
    const cluster = new Cluster(three);
    const { process, transport, received } = cluster.member("n2");
    process.pause();
    cluster.tell("n1", "n2", "waiting");
    cluster.world.runFor(30_000);
    expect(received).toEqual([]);
    process.resume();
    cluster.world.runFor(1);
    expect(received).toEqual(["n1:waiting"]);
    expect(transport.connection).toBe(1);
  });

  test("a paused process notices a broken connection only when it is resumed", () => {
    const cluster = new Cluster(three);
    const { process, transport } = cluster.member("n2");
    process.pause();
    cluster.network.restartBroker();
    cluster.world.runFor(10_000);
    expect(transport.connected).toBe(true);
    process.resume();
    cluster.world.runFor(1);
    expect(transport.connected).toBe(false);
    cluster.world.runFor(1_000);
    expect(transport.connection).toBe(2);
  });

  test("a killed process neither hears nor speaks, and its successor has a connection of its own", () => {
    const cluster = new Cluster(three);
    const first = cluster.member("n2");
    cluster.tell("n1", "n2", "in flight");
    first.process.kill();
    first.transport.publish("synod.p.n-n1.n2", new Uint8Array(1));
    const second = cluster.start("n2");
    cluster.world.runFor(10);
    cluster.tell("n1", "n2", "second life");
    cluster.world.runFor(10);
    expect(first.received).toEqual([]);
    expect(second.received).toEqual(["n1:second life"]);
    expect(cluster.member("n1").received).toEqual([]);
    expect(cluster.network.transportsOf("n2")).toEqual([second.transport]);
  });

  test("what a killed process published last may be lost", () => {
    const cluster = new Cluster(three, { survivesResetChance: 0 });
    cluster.tell("n1", "n2", "arrived");
    cluster.world.runFor(10);
    cluster.tell("n1", "n2", "in flight");
    cluster.member("n1").process.kill();
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual(["n1:arrived"]);
  });

  test("a payload that is reused after publishing does not change what arrives", () => {
    const cluster = new Cluster(three);
    const payload = new TextEncoder().encode("first");
    cluster.member("n1").transport.publish("synod.p.n-n2.n1", payload);
    payload.fill(0);
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual(["n1:first"]);
  });

  test("a handler that keeps a payload finds another message's bytes in it", () => {
    const cluster = new Cluster(three);
    const kept: Uint8Array[] = [];
    cluster.member("n2").transport.subscribe("keep", ({ payload }) => kept.push(payload));
    for (const content of ["first", "other"]) {
      cluster.member("n1").transport.publish("keep", new TextEncoder().encode(content));
    }
    cluster.world.runFor(10);
    expect(kept.map((payload) => new TextDecoder().decode(payload))).toEqual(["other", "other"]);
  });
});

describe("sieves and echoes", () => {
  test("a sieve sees every message once for each receiver, and drops what it says until all is healed", () => {
    const cluster = new Cluster(three);
    const seen: string[] = [];
    cluster.network.sift(({ subject, sender }, receiver) => {
      seen.push(`${sender.process.name}>${receiver} ${subject}`);
      return receiver === "n3";
    });
    cluster.tellAll("n1", "sifted");
    cluster.world.runFor(10);
    expect(seen).toEqual(["n1>n2 synod.p.g-all.n1", "n1>n3 synod.p.g-all.n1"]);
    expect(cluster.member("n2").received).toEqual(["n1:sifted"]);
    expect(cluster.member("n3").received).toEqual([]);
    expect(cluster.network.counters.sifted).toBe(1);
    cluster.network.healAll();
    cluster.tellAll("n1", "whole");
    cluster.world.runFor(10);
    expect(cluster.member("n3").received).toEqual(["n1:whole"]);
    expect(seen).toHaveLength(2);
  });

  test("what was said in an earlier life may arrive once more, under the name of whoever said it", () => {
    const cluster = new Cluster(three);
    const payload = new TextEncoder().encode("old");
    cluster.member("n1").process.kill();
    expect(cluster.network.repeat("n1", "synod.p.g-all.n1", payload)).toBe(false);
    cluster.start("n1");
    cluster.world.runFor(10);
    expect(cluster.network.repeat("n1", "synod.p.g-all.n1", payload)).toBe(true);
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual(["n1:old"]);
    expect(cluster.network.counters.repeated).toBe(1);
  });

  test("interest may begin to take its time, until all is healed", () => {
    const cluster = new Cluster(three);
    cluster.network.setInterestDelay(300);
    cluster.network.disconnect(cluster.member("n2").transport);
    cluster.world.runFor(250);
    expect(cluster.member("n2").transport.connection).toBe(2);
    cluster.tell("n1", "n2", "unheard");
    cluster.world.runFor(300);
    cluster.tell("n1", "n2", "heard");
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual(["n1:heard"]);
    cluster.network.healAll();
    cluster.network.disconnect(cluster.member("n2").transport);
    cluster.world.runFor(250);
    cluster.tell("n1", "n2", "at once");
    cluster.world.runFor(10);
    expect(cluster.member("n2").received).toEqual(["n1:heard", "n1:at once"]);
  });
});

describe("repeatability", () => {
  const stormy: LinkConditions = {
    delayMsMin: 0.1,
    delayMsMean: 2,
    slowChance: 0.02,
    slowMsMax: 3_000,
    lossChance: 0.05,
    duplicateChance: 0.05,
    overtakeChance: 0.1,
  };

  /** Everybody talks to everybody through a storm of faults. */
  function storm(seed: number, conditions: LinkConditions): { trace: string; cluster: Cluster } {
    const cluster = new Cluster(three, { conditions }, seed);
    const script = seeded(seed).split("script");
    for (let round = 0; round < 300; round += 1) {
      for (const { name } of cluster.members) cluster.tellAll(name, String(round));
      cluster.world.runFor(1 + script.fraction());
      const victim = cluster.members[script.below(3)];
      const fault = script.below(40);
      if (victim === undefined) continue;
      if (fault === 0) cluster.network.disconnect(victim.transport);
      if (fault === 1) victim.process.stallFor(20);
      if (fault === 2) cluster.network.restartBroker();
      if (fault === 3) cluster.network.partition([victim.name], ["n1", "n2"]);
      if (fault === 4) cluster.network.healAll();
    }
    cluster.network.healAll();
    cluster.world.runFor(10_000);
    const trace = cluster.members.map((member) => member.received.join(" ")).join("\n");
    return { trace: `${trace}\n${cluster.world.eventsRun}`, cluster };
  }

  test("a seed gives the same run every time, and another seed another", () => {
    const first = storm(3, stormy);
    expect(storm(3, stormy).trace).toBe(first.trace);
    expect(storm(4, stormy).trace).not.toBe(first.trace);
    const { counters } = first.cluster.network;
    for (const [name, count] of Object.entries(counters)) {
      if (!onCommandOnly.has(name)) expect([name, count > 0]).toEqual([name, true]);
    }
  });

  test("switching one kind of fault off leaves the others' decisions as they were", () => {
    /** When each copy of each message arrived. */
    const arrivals = (conditions: Partial<LinkConditions>): number[][] => {
      const cluster = new Cluster(three, {
        conditions: { ...stormy, overtakeChance: 1, ...conditions },
      });
      const timesMs: number[][] = numbers(500).map(() => []);
      cluster.member("n2").transport.subscribe("synod.p.each.*", ({ subject }) => {
        timesMs[Number(subject.split(".")[3])]?.push(cluster.world.nowMs);
      });
      for (const content of numbers(500)) {
        cluster.member("n1").transport.publish(`synod.p.each.${content}`, new Uint8Array(1));
      }
      cluster.world.runFor(10_000);
      return timesMs;
    };
    const withBoth = arrivals({});
    const withoutLoss = arrivals({ lossChance: 0 });
    const withoutDuplicates = arrivals({ duplicateChance: 0 });
    for (const [index, all] of withoutLoss.entries()) {
      const original = withoutDuplicates[index] ?? [];
      const expected = original.length === 0 ? all.slice(0, all.length - 1) : all;
      expect(withBoth[index]?.length).toBe(expected.length);
      for (const timeMs of [...original, ...(withBoth[index] ?? [])]) expect(all).toContain(timeMs);
    }
    expect(withBoth.filter((timesMs) => timesMs.length === 0).length).toBeGreaterThan(10);
    expect(withBoth.filter((timesMs) => timesMs.length === 2).length).toBeGreaterThan(10);
  });
});
