/** Interest is asked for by strangers: whatever they write, they are answered or passed over, and nothing is stopped. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DropCounts } from "../../actors/drop-counts.ts";
import { InterestDoor } from "../../actors/feed/interest-door.ts";
import { Interests } from "../../actors/feed/interests.ts";
import type { Replica } from "../../actors/replica/replica.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import { Regions } from "../../kv/state/regions.ts";
import { immediateClock } from "../support/doubles.ts";

interface Answer {
  readonly reply: string;
  readonly body: { readonly seconds?: number; readonly error?: { readonly code: string } };
  readonly status: string | undefined;
}

/** A node that leads the group of the keys in `[start, end)` of bucket `b`. */
class Door {
  readonly drops = new DropCounts();
  readonly interests = new Interests(immediateClock(), []);
  readonly answers: Answer[] = [];
  readonly door: InterestDoor;
  leads = true;
  renewals = 0;
  #take: (message: InboundMessage) => void = () => undefined;

  constructor(start = "", end?: string) {
    const regions = new Regions([{ id: 1, version: 1, start, end }]);
    const transport: Partial<Transport> = {
      publish: (reply, bytes, options) => {
        const body = JSON.parse(Buffer.from(bytes).toString()) as Answer["body"];
        this.answers.push({ reply, body, status: options?.headers?.["Nats-Service-Error-Code"] });
      },
      subscribe: (_subject, handler) => {
        this.#take = handler;
        return { close: () => undefined };
      },
    };
    const replica = (): Partial<Replica> => ({
      leads: this.leads,
      regions,
      interestHeard: () => void (this.renewals += 1),
    });
    this.door = new InterestDoor({
      transport: transport as Transport,
      prefix: "synod",
      clock: immediateClock(),
      interests: this.interests,
      drops: this.drops,
      replicas: () => [replica() as Replica],
    });
    this.door.listen();
  }

  /** An empty reply subject is none. */
  ask(body: string | Uint8Array, bucket = "b", reply = "_INBOX.a"): void {
    this.#take({
      subject: `synod.kv.${bucket}.interest`,
      payload: Buffer.from(body),
      reply: reply === "" ? undefined : reply,
      headers: "none",
      header: () => undefined,
    });
  }
}

test("whatever stands in a request, it is answered once, and what is no pattern is not kept", () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.string({ unit: "binary" }).map((key) => Buffer.from(JSON.stringify({ key }))),
    fc.stringMatching(/^[a-c.*>]{1,8}$/).map((key) => Buffer.from(JSON.stringify({ key }))),
  );
  const bucket = fc.oneof(fc.constant("b"), fc.stringMatching(/^[^\s.*>]{1,9}$/));
  fc.assert(
    fc.property(body, bucket, (bytes, name) => {
      const door = new Door();
      door.ask(bytes, name);
      expect(door.answers.length).toBe(1);
      const [{ body: answer, status }] = door.answers as [Answer];
      expect(door.interests.keysWanted).toBe(answer.seconds === 60);
      expect(status).toBe(answer.seconds === 60 ? undefined : "400");
    }),
    { numRuns: 1000 },
  );
});

test("every node takes note; the one that leads where the pattern begins answers", () => {
  const door = new Door("b\0h", "b\0p");
  door.ask('{"key":"k.*"}');
  door.ask('{"key":"a.*"}');
  door.ask("");
  door.leads = false;
  door.ask('{"key":"m"}');
  expect(door.answers.map(({ body }) => body.seconds)).toEqual([60]);
  expect(door.renewals).toBe(4);
  expect(door.interests.wantedKeys()("b", "a.x")).toBe(true);
  const { requests, errors } = door.door.endpoint;
  expect([requests, errors]).toEqual([1, 0]);
});

test("without a reply subject it is heard and not answered; elsewhere than in an inbox neither", () => {
  const door = new Door();
  door.ask('{"key":"a"}', "b", "");
  door.ask('{"key":"x"}', "b", "synod.p.n-n1.n2");
  expect(door.answers).toEqual([]);
  const wants = door.interests.wantedKeys();
  expect([wants("b", "a"), wants("b", "x")]).toEqual([true, false]);
  expect(door.drops.toJSON()).toEqual({ "request without an inbox to answer to": 1 });
});

test("more patterns than a node remembers are refused, and may be asked for later", () => {
  const door = new Door();
  for (let at = 0; at < 101; at++) door.ask(`{"key":"p${at}.*"}`);
  expect(door.answers.at(-1)).toMatchObject({
    status: "429",
    body: { error: { code: "OVERLOADED" } },
  });
  expect(door.answers.filter(({ body }) => body.seconds === 60).length).toBe(100);
});
