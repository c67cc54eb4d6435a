/** What a raw client makes of an answer that no node gave. */
import { expect, test } from "vitest";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import type { InboundMessage } from "../../infra/transport/transport.ts";
import { outcomeOf, rawRequestOf } from "../../sim/workload/raw-requests.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { get, increment, verdictOf } from "./support/told.ts";

test.each([
  ["a write", increment("default\0n")],
  ["a read", get("default\0n")],
])("where nobody listens, %s is told that it was not executed", async (_, operation) => {
  const server = await startNatsServer();
  const transport = new NatsTransport({
    servers: [server.url],
    name: "test",
    onProblem: () => undefined,
  });
  try {
    await waitUntil("the client is connected", () => transport.connected);
    const outcomes: ReturnType<typeof outcomeOf>[] = [];
    const reply = `${transport.inboxPrefix}.1`;
    transport.subscribe(reply, (message) => outcomes.push(outcomeOf(operation, message)));
    const request = rawRequestOf(operation);
    transport.publish(`synod.kv.default.${request?.subject}`, request?.body ?? new Uint8Array(), {
      reply,
    });
    await waitUntil("NATS answers", () => outcomes.length > 0);
    expect(outcomes).toEqual([
      expect.objectContaining({ code: "UNAVAILABLE", outcome: "not executed" }),
    ]);
  } finally {
    await transport.close();
    await server.kill();
  }
});

test("an empty answer without any header is still none", () => {
  const empty: InboundMessage = {
    subject: "inbox.1",
    payload: new Uint8Array(),
    reply: undefined,
    headers: "none",
    header: () => undefined,
  };
  expect(verdictOf(() => outcomeOf(increment("default\0n"), empty))).toBe(
    "raw answers are well-formed",
  );
});
