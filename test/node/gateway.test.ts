/** The door for clients takes anything and is stopped by nothing. */
import { expect, test } from "vitest";
import { DropCounts } from "../../actors/drop-counts.ts";
import { ForwardedOnce } from "../../actors/node/forwarded-once.ts";
import { Gateway } from "../../actors/node/gateway.ts";
import { RouteBook } from "../../actors/node/route-book.ts";
import { Endpoint } from "../../actors/raw/endpoint.ts";
import type { Replica } from "../../actors/replica/replica.ts";
import { replyKind, requestKind } from "../../infra/codec/formats.ts";
import { ReplyDecoder } from "../../infra/codec/reply-codec.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { StopReason } from "../../infra/status/stop-reason.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import { expectNothing, operationKind } from "../../kv/commands/operation.ts";
import { immediateClock } from "../support/doubles.ts";

const frameBytesMax = 1_000;

class Door {
  readonly drops = new DropCounts();
  readonly answered: { readonly reply: string; readonly code: string | undefined }[] = [];
  readonly forwarded: string[] = [];
  readonly written: string[] = [];
  leads = false;
  lacksQuorum = false;
  barred: StopReason | undefined = undefined;
  serverTakes = true;
  readonly gateway: Gateway;

  constructor() {
    const transport: Partial<Transport> = {
      publish: (reply, bytes) => this.#publish(reply, bytes),
    };
    const replica = (): object => ({
      leads: this.leads,
      leader: "n2",
      lacksQuorum: this.lacksQuorum,
      refuseForLackOfLeader: (_number: number, reply: string) =>
        this.answered.push({ reply, code: "NO_QUORUM" }),
      write: (_frame: Uint8Array, _envelope: unknown, reply: string) => this.written.push(reply),
    });
    this.gateway = new Gateway({
      transport: transport as Transport,
      prefix: "synod",
      node: "n1",
      drops: this.drops,
      clock: immediateClock(),
      endpoint: new Endpoint("api", "synod.api"),
      frameBytesMax,
      routes: new RouteBook(
        immediateClock(),
        () => (this.lacksQuorum ? null : "n2"),
        () => undefined,
      ),
      replicaOf: () => replica() as Replica,
      barred: () => this.barred,
      forward: (to) => this.forwarded.push(to),
      feedWanted: () => undefined,
      statusAsked: () => undefined,
      regionsAsked: () => undefined,
      nodeStatus: () => ({}),
      inspectAsked: () => undefined,
    });
  }

  #publish(reply: string, bytes: Uint8Array): void {
    if (!this.serverTakes) throw new SynodError("FRAME_TOO_LARGE", "larger than max_payload");
    const decoded = new ReplyDecoder().decode(bytes);
    this.answered.push({
      reply,
      code: decoded.kind === replyKind.refused ? decoded.code : undefined,
    });
  }
}

function frame(valueBytes: number): Uint8Array {
  const envelope = {
    kind: requestKind.write,
    clusterId: "c",
    group: "g1",
    session: "s".repeat(16),
    born: 1,
    number: 1,
    floor: 0,
  };
  const source = new Uint8Array(valueBytes);
  const put = { kind: operationKind.put, key: "b\0k", ttlMs: 0, expectation: expectNothing };
  return new RequestEncoder().writeFrame(envelope, [
    { ...put, source, start: 0, end: source.length },
  ]);
}

test("an answer that the NATS server does not take stops nobody", () => {
  const door = new Door();
  door.serverTakes = false;
  door.gateway.deliver("_INBOX.a", new Uint8Array(9));
  expect(door.drops.toJSON()).toEqual({ "answer not sent: FRAME_TOO_LARGE": 1 });
});

test("a frame too large to be passed on is refused here", () => {
  const door = new Door();
  door.gateway.take(frame(frameBytesMax), "_INBOX.a", false);
  door.gateway.take(frame(1), "_INBOX.b", false);
  expect(door.answered).toEqual([{ reply: "_INBOX.a", code: "FRAME_TOO_LARGE" }]);
  expect(door.forwarded).toEqual(["n2"]);
});

test("a node that takes no part passes nothing on", () => {
  const door = new Door();
  door.barred = { code: "LOST_STORE", text: "another store" };
  door.gateway.take(frame(1), "_INBOX.a", false);
  expect(door.answered).toEqual([{ reply: "_INBOX.a", code: "UNAVAILABLE" }]);
  expect(door.forwarded).toEqual([]);
});

test("nothing is passed on to a leader that this node's replica looks for in vain", () => {
  const door = new Door();
  door.lacksQuorum = true;
  door.gateway.take(frame(1), "_INBOX.a", false);
  expect(door.answered).toEqual([{ reply: "_INBOX.a", code: "NO_QUORUM" }]);
  expect(door.forwarded).toEqual([]);
});

test("a forwarded frame is answered in an inbox or not at all", () => {
  const door = new Door();
  door.leads = true;
  door.gateway.takeForwarded(frame(1), "synod.p.n-n3.n1");
  door.gateway.takeForwarded(frame(1), "_INBOX.a");
  expect(door.written).toEqual(["_INBOX.a"]);
});

test("a forwarded frame's copy, and one that was overtaken, are dropped", () => {
  const once = new ForwardedOnce(new DropCounts());
  const first = { member: 1, start: 10 };
  expect([1, 1, 3, 2, 3, 4].map((number) => once.admits(first, number))).toEqual([
    true,
    false,
    true,
    false,
    false,
    true,
  ]);
  expect(once.admits({ member: 2, start: 20 }, 1)).toBe(true);
  // After a restart the sender counts anew.
  expect(once.admits({ member: 1, start: 11 }, 1)).toBe(true);
});
