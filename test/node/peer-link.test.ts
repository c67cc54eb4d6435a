/** Between nodes a message may be lost; one that cannot even be sent is no worse. */
import { expect, test } from "vitest";
import { DropCounts } from "../../actors/drop-counts.ts";
import { PeerLink } from "../../actors/peer-link.ts";
import { StartRegistry } from "../../actors/start-registry.ts";
import {
  decodePeerMessage,
  encodePeerMessage,
  type PeerMessage,
} from "../../infra/codec/peer-codec.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import { immediateClock } from "../support/doubles.ts";

test("a message that the NATS server does not take is counted, and stops nobody", () => {
  const drops = new DropCounts();
  const transport: Partial<Transport> = {
    connected: true,
    publish: () => {
      throw new SynodError("FRAME_TOO_LARGE", "larger than max_payload");
    },
  };
  const link = new PeerLink({
    transport: transport as Transport,
    clock: immediateClock(),
    prefix: "synod",
    clusterName: "demo",
    self: "n1",
    start: { member: 1, incarnation: 1, start: 1 },
    nodes: ["n1", "n2"],
    groups: ["g1"],
    starts: new StartRegistry({ peers: () => [], recordPeer: () => undefined }, () => undefined),
    drops,
    identityOf: () => ({ clusterId: "c1", epoch: 1 }),
    receive: () => undefined,
  });
  link.send("n2", "", { type: "hello", earlier: [] });
  expect(drops.toJSON()).toEqual({ "hello not sent: FRAME_TOO_LARGE": 1 });
});

const newest = { member: 2, incarnation: 5, start: 50 };

/** The link of n1, which has met n2's `newest` start. */
function linkToN2(): {
  readonly published: readonly { readonly subject: string; readonly message: PeerMessage }[];
  readonly received: readonly string[];
  readonly hear: (incarnation: number, start: number, message?: PeerMessage) => void;
} {
  const published: { readonly subject: string; readonly message: PeerMessage }[] = [];
  let inbound: ((message: InboundMessage) => void) | undefined;
  const transport: Partial<Transport> = {
    connected: true,
    publish: (subject, payload) =>
      void published.push({ subject, message: decodePeerMessage(payload.slice()).message }),
    subscribe: (_, handler) => {
      inbound = handler;
      return { close: () => undefined };
    },
  };
  const received: string[] = [];
  const link = new PeerLink({
    transport: transport as Transport,
    clock: immediateClock(),
    prefix: "synod",
    clusterName: "demo",
    self: "n1",
    start: { member: 1, incarnation: 1, start: 1 },
    nodes: ["n1", "n2"],
    groups: ["g1"],
    starts: new StartRegistry(
      { peers: () => [newest], recordPeer: () => undefined },
      () => undefined,
    ),
    drops: new DropCounts(),
    identityOf: () => ({ clusterId: "c1", epoch: 1 }),
    receive: ({ type }) => void received.push(type),
  });
  link.listen();
  const hear = (incarnation: number, start: number, message: PeerMessage = preVote): void => {
    const cluster = message.type === "preVote" ? "c1" : "demo";
    const envelope = { cluster, group: "g1", epoch: 1, member: 2, incarnation, start };
    inbound?.({
      subject: "synod.p.n-n1.n2",
      payload: encodePeerMessage(envelope, message),
      reply: undefined,
      headers: "none",
      header: () => undefined,
    });
  };
  return { published, received, hear };
}

const preVote: PeerMessage = { type: "preVote", attempt: 1, watermark: 0, ended: undefined };
const toldOfNewest = { subject: "synod.p.n-n2.n1", message: { type: "helloAnswer", ...newest } };

test("whoever speaks for a start that was superseded is told of the newest", () => {
  const { published, received, hear } = linkToN2();
  hear(5, 50);
  expect(published).toEqual([]);
  hear(5, 51);
  hear(4, 40);
  expect(received).toEqual(["preVote"]);
  expect(published).toEqual([toldOfNewest, toldOfNewest]);
});

test("a later start is heard once it shows that its store knows of the one met before", () => {
  const { published, received, hear } = linkToN2();
  hear(7, 70);
  expect(received).toEqual([]);
  expect(published).toEqual([toldOfNewest]);
  hear(7, 70, { type: "hello", earlier: [60, 50, 40] });
  hear(7, 70);
  expect(received).toEqual(["hello", "preVote"]);
});

test("a later start of a store that was copied back meanwhile is not heard", () => {
  const { published, received, hear } = linkToN2();
  hear(7, 70, { type: "hello", earlier: [61, 51, 40] });
  hear(7, 70);
  expect(received).toEqual(["hello"]);
  expect(published).toEqual([toldOfNewest]);
});

test("what somebody not introduced yet has met of this store is heard", () => {
  const { received, hear } = linkToN2();
  hear(7, 70, { type: "helloAnswer", member: 1, incarnation: 9, start: 9 });
  expect(received).toEqual(["helloAnswer"]);
});
