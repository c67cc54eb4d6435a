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
  link.send("n2", "", { type: "hello" });
  expect(drops.toJSON()).toEqual({ "hello not sent: FRAME_TOO_LARGE": 1 });
});

test("whoever speaks for a start that was superseded is told of the newest", () => {
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
  const newest = { member: 2, incarnation: 5, start: 50 };
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
  const hear = (incarnation: number, start: number): void => {
    const envelope = { cluster: "c1", group: "g1", epoch: 1, member: 2, incarnation, start };
    const message = { type: "preVote", attempt: 1, watermark: 0, ended: undefined } as const;
    inbound?.({
      subject: "synod.p.n-n1.n2",
      payload: encodePeerMessage(envelope, message),
      reply: undefined,
      headers: "none",
      header: () => undefined,
    });
  };
  hear(5, 50);
  expect(published).toEqual([]);
  hear(5, 51);
  hear(4, 40);
  expect(received).toEqual(["preVote"]);
  const told = { subject: "synod.p.n-n2.n1", message: { type: "helloAnswer", ...newest } };
  expect(published).toEqual([told, told]);
});
