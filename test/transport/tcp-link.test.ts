/** When what is published leaves a connection. */
import type { NatsConnection } from "nats";
import { expect, test } from "vitest";
import { linkOver } from "../../infra/transport/tcp-link.ts";

/** A connection of the package, as far as a link looks into it; tells what goes out, in order. */
function connection() {
  const sent: string[] = [];
  const published = (subject: string): unknown => sent.push(`by the package: ${subject}`);
  const protocol = {
    parser: { state: 0, parse: () => undefined },
    sendCommand: (commands: Uint8Array) => sent.push(Buffer.from(commands).toString("latin1")),
  };
  const link = linkOver({ publish: published, protocol } as unknown as NatsConnection);
  return { link, sent };
}

const turnOver = (): Promise<void> => new Promise((resolve) => queueMicrotask(resolve));

test.each([3, 5_000])("%i bytes leave at once if they are to", (length) => {
  const { link, sent } = connection();
  const payload = new Uint8Array(length).fill(97);
  link.publish("a", payload, { reply: "b", atOnce: true });
  expect(sent).toEqual([`PUB a b ${length}\r\n${"a".repeat(length)}\r\n`]);
});

test("what was published before leaves before", async () => {
  const { link, sent } = connection();
  link.publish("first", new Uint8Array(1), {});
  expect(sent).toEqual([]);
  link.publish("second", new Uint8Array(5_000), { atOnce: true });
  expect(sent.join("")).toMatch(/^PUB first 1\r\n.*PUB second 5000\r\n/s);
  await turnOver();
  expect(sent).toHaveLength(1);
});

test("small messages of a turn leave together at its end", async () => {
  const { link, sent } = connection();
  link.publish("first", new Uint8Array(1), {});
  link.publish("second", new Uint8Array(1), {});
  expect(sent).toEqual([]);
  await turnOver();
  expect(sent).toHaveLength(1);
});
