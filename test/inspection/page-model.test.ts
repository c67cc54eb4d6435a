/** What the page of `synod inspect` makes of what it hears, without a browser. */
import { beforeEach, describe, expect, test } from "vitest";
import type { InspectedActor, InspectionEvent } from "../../infra/status/inspection.ts";
import type { LiveNode } from "../../infra/status/live-message.ts";
import { Cluster } from "../../web/cluster/cluster.ts";
import { matches } from "../../web/cluster/filter.ts";
import { leadersOf, replicaView } from "../../web/cluster/replica.ts";
import { eventDetails } from "../../web/views/event-details.ts";

let cluster: Cluster;

beforeEach(() => {
  cluster = new Cluster();
});

function actor(id: string, state: string, memory: Record<string, unknown> = {}): InspectedActor {
  const machine = id.slice(id.lastIndexOf("/") + 1);
  return { id, machine, state, status: "active", contextSummary: memory };
}

function node(name: string, proposer: string, promise: string): LiveNode {
  const actors = [
    actor(`${name}/node`, "serving"),
    actor(`${name}/g1/proposer`, proposer),
    actor(`${name}/g1/acceptor`, "voting", { promise, chosenThrough: 7 }),
    actor(`${name}/g1/learner`, "following", { appliedThrough: 6 }),
  ];
  return { node: name, start: 1, gone: false, actors };
}

function hear(...nodes: readonly LiveNode[]): void {
  cluster.apply({ type: "snapshot", nodes }, 1_000);
}

function happened(id: string, from: string, to: string): InspectionEvent {
  return {
    node: id.slice(0, id.indexOf("/")),
    start: 1,
    sequence: 1,
    atMs: 2_000,
    actor: id,
    machine: id.slice(id.lastIndexOf("/") + 1),
    status: "active",
    event: { type: "deadline" },
    from,
    to,
    passed: [],
    transitions: [],
    skipped: 0,
    memory: {},
  };
}

describe("who leads", () => {
  test("is who says so at the highest ballot; rounds are numbers", () => {
    hear(node("n1", "leading", "1.9@a"), node("n2", "leading", "1.10@b"));
    expect(leadersOf(cluster, "g1")).toEqual(["n2"]);
    expect(replicaView(cluster, "n1", "g1")).toMatchObject({ word: "superseded", ballot: "1.9" });
    expect(replicaView(cluster, "n2", "g1")).toMatchObject({ word: "leads", appliedThrough: 6 });
  });

  test("is nobody that is gone", () => {
    hear(node("n1", "leading", "1.9@a"), node("n2", "following", "1.9@a"));
    cluster.apply({ type: "node-gone", node: "n1" }, 1_500);
    expect(leadersOf(cluster, "g1")).toEqual([]);
    expect(replicaView(cluster, "n1", "g1")).toMatchObject({ word: "gone", state: "leading" });
  });

  test("is said of replicas only", () => {
    hear(node("n1", "leading", "1.9@a"));
    expect(replicaView(cluster, "n1", "g2")).toBeUndefined();
    expect(replicaView(cluster, "n9", "g1")).toBeUndefined();
  });
});

describe("what was heard", () => {
  test("a node that is not in the newest snapshot stays, as gone", () => {
    hear(node("n1", "leading", "1.1@a"), node("n2", "following", "1.1@a"));
    cluster.takeChanges();
    hear(node("n1", "leading", "1.1@a"));
    expect(cluster.nodes.map(({ name, gone }) => [name, gone])).toEqual([
      ["n1", false],
      ["n2", true],
    ]);
    expect(cluster.takeChanges()).toMatchObject({ structure: false, nodes: true });
    expect(cluster.happenings).toMatchObject([{ type: "node-gone", node: "n2" }]);
  });

  test("that somebody is there is no news at the beginning", () => {
    const birth = actor("n1/g1/birth", "born", { members: ["n1", "n2"] });
    const first = node("n1", "leading", "1.1@a");
    hear({ ...first, actors: [...first.actors, birth] });
    expect(cluster.node("n2")?.gone).toBe(true);
    hear(first, node("n2", "following", "1.1@a"));
    expect(cluster.node("n2")?.gone).toBe(false);
    expect(cluster.happenings).toEqual([]);
  });

  test("an actor that a new start does not have is no actor any more", () => {
    hear(node("n1", "leading", "1.1@a"));
    cluster.takeChanges();
    const { actors, ...rest } = node("n1", "leading", "1.1@a");
    hear({ ...rest, actors: actors.slice(0, 1) });
    expect(cluster.actor("n1/g1/proposer")).toBeUndefined();
    expect(cluster.takeChanges().structure).toBe(true);
    expect(cluster.groups).toEqual([]);
  });

  test("a change of state is told, another event is not; both change the actor", () => {
    hear(node("n1", "following", "1.1@a"));
    cluster.takeChanges();
    cluster.apply(
      { type: "transition", ...happened("n1/g1/learner", "following", "following") },
      0,
    );
    expect(cluster.takeChanges()).toMatchObject({
      happenings: false,
      actors: new Set(["n1/g1/learner"]),
    });
    cluster.apply(
      { type: "transition", ...happened("n1/g1/proposer", "following", "preVoting") },
      0,
    );
    expect(cluster.takeChanges().happenings).toBe(true);
    expect(cluster.actor("n1/g1/proposer")?.state).toBe("preVoting");
  });

  test("of unknown actors nothing is kept, and of known ones not everything", () => {
    hear(node("n1", "following", "1.1@a"));
    cluster.apply({ type: "transition", ...happened("n7/g1/proposer", "", "dormant") }, 0);
    expect(cluster.actor("n7/g1/proposer")).toBeUndefined();
    const event = happened("n1/g1/learner", "following", "following");
    for (let at = 0; at < 500; at += 1) cluster.apply({ type: "transition", ...event }, 0);
    expect(cluster.actor("n1/g1/learner")?.events).toHaveLength(100);
  });

  test("meta comes first, and ten after nine", () => {
    const groups = ["g10", "g9", "meta"].map((group) => actor(`n1/${group}/proposer`, "following"));
    hear({ node: "n1", start: 1, gone: false, actors: groups });
    expect(cluster.groups).toEqual(["meta", "g9", "g10"]);
  });
});

test("a filter's words all have to occur, in name, state or status", () => {
  hear(node("n2", "leading", "1.1@a"));
  const found = (filter: string): boolean => {
    const proposer = cluster.actor("n2/g1/proposer");
    return proposer !== undefined && matches(filter, proposer);
  };
  expect(["", "n2", "N2  LEAD", "g1 prop active"].filter(found)).toHaveLength(4);
  expect(["n1", "n2 following", "n2 leading failed"].filter(found)).toEqual([]);
});

test("what an event carried is told in a few words", () => {
  const event = {
    type: "accept",
    ballot: { epoch: 1, round: 2, member: 1636303478235692 },
    slot: 12_345,
    entry: { bytes: 93 },
    entries: { count: 3, bytes: 384 },
    from: { node: "n3", member: 7 },
    table: { clusterId: { characters: 10 }, version: 1 },
    nowMs: 1.5,
    durable: false,
  };
  expect(eventDetails(event)).toBe(
    "ballot 1.2, slot 12,345, entry 93 bytes, entries 384 bytes, from n3, table { clusterId 10 characters, version 1 }, durable no",
  );
});
