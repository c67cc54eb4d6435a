/** Nodes on the simulated network that hear anything, on every subject they listen to, and go on as if nothing was. */
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { decodePeerMessage } from "../../infra/codec/peer-codec.ts";
import type { SimulatedTransport } from "../../infra/transport/simulated-transport.ts";
import type { InboundMessage, TransportProblem } from "../../infra/transport/transport.ts";
import { SimulatedCluster } from "../../sim/simulated-cluster.ts";
import { hostile } from "../codec/support/mutations.ts";
import * as samples from "../codec/support/wire-samples.ts";

const problems = {
  onProblem: (problem: TransportProblem): void => {
    if (problem.kind === "handler failed") throw problem.cause;
  },
};

/** A cluster that leads all its groups, whoever sends to it, and all patterns that its nodes listen to. */
class Hearing {
  readonly cluster: SimulatedCluster;
  readonly stranger: SimulatedTransport;
  readonly patterns: readonly string[];
  #asked = 0;

  constructor(seed: number) {
    this.cluster = new SimulatedCluster({ seed });
    const { world, network } = this.cluster;
    const subscribed = vi.spyOn(network, "subscribe");
    this.cluster.startAll();
    this.until("every group is led", () => this.cluster.everyGroupLed);
    const patterns = subscribed.mock.calls.map(([{ subject }]) => subject);
    // What tells its own node apart is there once for each node.
    this.patterns = [...new Set(patterns)].toSorted();
    this.stranger = network.connect(world.machine("stranger").start(), problems);
    this.until("the stranger is connected", () => this.stranger.connected);
  }

  until(what: string, holds: () => boolean): void {
    if (!this.cluster.world.runUntil(holds, 60_000)) throw new Error(`never: ${what}`);
  }

  /** What the first answer says. */
  ask(subject: string, body: string): string {
    const reply = `${this.stranger.inboxPrefix}.asked${(this.#asked += 1)}`;
    const answers: string[] = [];
    const take = ({ payload }: InboundMessage) => answers.push(Buffer.from(payload).toString());
    const subscription = this.stranger.subscribe(reply, take);
    // Asked again: a request that meets no leader is not answered.
    for (let asked = 0; asked < 30 && answers.length === 0; asked += 1) {
      this.stranger.publish(subject, Buffer.from(body), { reply });
      this.cluster.world.runUntil(() => answers.length > 0, 1_000);
    }
    subscription.close();
    return answers[0] ?? "no answer";
  }

  /** Sends all of it, some at a time. */
  hear(messages: readonly (() => void)[]): void {
    for (const [at, send] of messages.entries()) {
      send();
      if (at % 20 === 19) this.cluster.world.runFor(5);
    }
    this.cluster.world.runFor(2_000);
  }

  drops(node: string): Readonly<Record<string, number>> {
    return this.cluster.node(node).host?.status().drops ?? {};
  }

  /** Every node serves, none of its replicas has stopped, none of its actors has failed, and the store answers. */
  requireUnharmed(): void {
    const { cluster } = this;
    this.until("every group is led again", () => cluster.everyGroupLed);
    expect(cluster.violation).toBeUndefined();
    for (const node of cluster.nodes.values()) {
      const { barred, replicas, unstartable } = node.host?.status() ?? { replicas: [] };
      expect({ barred, unstartable }).toEqual({ barred: undefined, unstartable: {} });
      expect(replicas.map(({ stopped }) => stopped)).toEqual(replicas.map(() => undefined));
      expect(replicas.length).toBeGreaterThan(0);
    }
    const actors = this.#actors();
    expect(actors.length).toBeGreaterThan(10);
    expect(actors.filter(({ status }) => status !== "active")).toEqual([]);
    expect(this.ask("synod.kv.untouched.get.a", "")).toBe("kept");
    expect(this.ask("synod.kv.untouched.put.z", "new")).toContain("revision");
  }

  #actors(): readonly { readonly id: string; readonly status: string }[] {
    const reply = `${this.stranger.inboxPrefix}.looked${(this.#asked += 1)}`;
    const actors: { id: string; status: string }[] = [];
    const subscription = this.stranger.subscribe(reply, ({ payload }) => {
      const answer = JSON.parse(Buffer.from(payload).toString()) as { actors: typeof actors };
      actors.push(...answer.actors);
    });
    this.stranger.publish("synod.admin.get.inspect", Buffer.from(""), { reply });
    this.until("three nodes have answered", () => {
      return new Set(actors.map(({ id }) => id.split("/")[0])).size === 3;
    });
    subscription.close();
    return actors;
  }
}

const token = fc.constantFrom("default", "other-bucket_9", "a$b", "a=b", "-", "x".repeat(200), "é");
const tokens = fc.array(fc.oneof(token, fc.constantFrom("a", "b.c", "k")), {
  minLength: 1,
  maxLength: 3,
});

/** A subject that the pattern lets through. */
function within(pattern: string): fc.Arbitrary<string> {
  return fc
    .tuple(token, tokens)
    .map(([one, rest]) => pattern.replaceAll("*", one).replace(">", rest.join(".")));
}

const payloads = hostile([
  ...samples.requestSamples,
  ...samples.transactionTexts,
  ...samples.packedTransactions,
  ...samples.rangeTexts,
  ...samples.packedRanges,
  ...["", "1", "-5", '{"key":"config.>"}', '{"machines":false}'].map((text) => Buffer.from(text)),
]);

const headers = fc.option(
  fc.dictionary(
    fc.constantFrom(
      "Nats-Expected-Last-Subject-Sequence",
      "Nats-TTL",
      "Nats-Msg-Id",
      "Content-Type",
      "Other",
    ),
    fc.constantFrom(
      "1",
      "-1",
      "1h",
      "never",
      "",
      "application/msgpack",
      "9".repeat(30),
      "é",
      "x y",
    ),
    { maxKeys: 3 },
  ),
  { nil: undefined },
);

test("clients that send anything on every subject that nodes listen to stop nobody", () => {
  const hearing = new Hearing(1);
  expect(hearing.ask("synod.kv.untouched.put.a", "kept")).toContain("revision");
  const open = hearing.patterns.filter((pattern) => !pattern.startsWith("synod.p."));
  const named = ["synod.api", "synod.kv.*.put.>", "synod.kv.*.txn", "synod.kv.*.interest"];
  expect(open).toEqual(expect.arrayContaining([...named, "synod.admin.get.inspect", "$SRV.INFO"]));
  expect(open).toEqual(expect.arrayContaining(["synod.api.n1", "synod.admin.get.status"]));
  let taken = 0;
  const { stranger } = hearing;
  const replies = [undefined, `${stranger.inboxPrefix}.void`, "synod.p.n-n1.n2", "x"];
  const messages = open.flatMap((pattern) => {
    const sending = fc.tuple(within(pattern), payloads, headers, fc.constantFrom(...replies));
    return fc
      .sample(sending, { numRuns: 120, seed: 7 })
      .map(([subject, payload, head, reply]) => () => {
        const options = { ...(head && { headers: head }), ...(reply && { reply }) };
        try {
          stranger.publish(subject, payload, options);
          taken += 1;
        } catch {
          // No NATS client could send that.
        }
      });
  });
  hearing.hear(messages);
  expect(taken).toBeGreaterThan(1_000);
  hearing.requireUnharmed();
});

test("what members of the cluster send in pieces is dropped and counted, and stops nobody", () => {
  const hearing = new Hearing(2);
  expect(hearing.ask("synod.kv.untouched.put.a", "kept")).toContain("revision");
  const { stranger, cluster } = hearing;
  const heard: Uint8Array[] = [];
  stranger.subscribe("synod.p.>", ({ payload }) => heard.push(Buffer.from(payload)));
  hearing.until("nodes have talked", () => heard.length > 300);
  // A message that can still be read is a lie of a member, which nothing is defended against.
  const pieces = hostile([...heard.slice(0, 300), ...samples.peerSamples]).filter(isNoMessage);
  const ofPeers = hearing.patterns.filter((pattern) => pattern.startsWith("synod.p."));
  expect(ofPeers).toEqual(expect.arrayContaining(["synod.p.n-n1.*", "synod.p.g-g1.*"]));
  const before = dropped(hearing);
  let sent = 0;
  const messages = ofPeers.flatMap((pattern) =>
    fc.sample(pieces, { numRuns: 300, seed: 9 }).map((payload, at) => () => {
      const from =
        ["n1", "n2", "n3"].filter((name) => !pattern.includes(`n-${name}.`))[at % 2] ?? "";
      // To one node, or to all others.
      sent += pattern.includes(".n-") ? 1 : 2;
      stranger.publish(pattern.replace("*", from), payload);
    }),
  );
  hearing.hear(messages);
  expect(sent).toBeGreaterThan(2_000);
  expect(dropped(hearing) - before).toBe(sent);
  expect(cluster.nodes.size).toBe(3);
  hearing.requireUnharmed();
});

function isNoMessage(bytes: Uint8Array): boolean {
  try {
    decodePeerMessage(bytes);
    return false;
  } catch {
    return true;
  }
}

function dropped(hearing: Hearing): number {
  return [...hearing.cluster.nodes.keys()]
    .flatMap((node) => Object.entries(hearing.drops(node)))
    .filter(([reason]) => reason === "malformed message" || reason.startsWith("peer message of"))
    .reduce((sum, [, count]) => sum + count, 0);
}
