/** Between nodes a message may be lost; one that cannot even be sent is no worse. */
import { expect, test } from "vitest";
import { DropCounts } from "../../actors/drop-counts.ts";
import { PeerLink } from "../../actors/peer-link.ts";
import { StartRegistry } from "../../actors/start-registry.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Transport } from "../../infra/transport/transport.ts";
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
