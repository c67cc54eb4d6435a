/** What is taken apart here is what the package's parser would have made of it, wherever a delivery happens to end. */
import { createServer, type AddressInfo } from "node:net";
import * as fc from "fast-check";
import { connect, type NatsConnection } from "nats";
import { Kind, Parser, type ParserEvent } from "nats/lib/nats-base-client/parser.js";
import { MsgImpl } from "nats/lib/nats-base-client/msg.js";
import { expect, test } from "vitest";
import { MessageParser } from "../../infra/transport/message-parser.ts";
import { linkOver, TcpLink } from "../../infra/transport/tcp-link.ts";
import { startNatsServer } from "../support/nats-server.ts";

const taken = 7;

type Seen = readonly unknown[];

function seenOf({ kind, msg, data }: ParserEvent): Seen {
  if (kind !== Kind.MSG || msg === undefined) return [Kind[kind], textOf(data)];
  const message = new MsgImpl(msg, data ?? new Uint8Array(), undefined as never);
  const headers = msg.hdr > 0 ? message.headers?.get("Nats-Msg-Id") : undefined;
  return [msg.sid, message.subject, message.reply, headers, textOf(message.data)];
}

function textOf(bytes: Uint8Array = new Uint8Array()): string {
  return Buffer.from(bytes).toString("latin1");
}

function byPackage(stream: Uint8Array): Seen[] {
  const seen: Seen[] = [];
  new Parser({ push: (event) => void seen.push(seenOf(event)) }).parse(stream);
  return seen;
}

/** Also counts what did not go through the package. */
function byOwn(deliveries: readonly Uint8Array[]): { seen: Seen[]; plain: number } {
  const seen: Seen[] = [];
  let plain = 0;
  const parser = new MessageParser(new Parser({ push: (event) => void seen.push(seenOf(event)) }));
  parser.take(taken, (heard) => {
    const { subject, reply = "", headers, payload } = heard;
    plain += 1;
    expect([headers, heard.header("Nats-Msg-Id")]).toEqual(["none", undefined]);
    seen.push([taken, subject, reply, undefined, textOf(payload)]);
  });
  for (const delivery of deliveries) parser.parse(delivery);
  return { seen, plain };
}

function message(subject: string, sid: number, reply: string, body: string): Buffer {
  const bytes = Buffer.from(body, "latin1");
  const to = reply === "" ? "" : `${reply} `;
  const line = `MSG ${subject} ${sid} ${to}${bytes.length}\r\n`;
  return Buffer.concat([Buffer.from(line), bytes, Buffer.from("\r\n")]);
}

function headed(subject: string, reply: string, value: string, body: string): Buffer {
  const head = `NATS/1.0\r\nNats-Msg-Id: ${value}\r\n\r\n`;
  const to = reply === "" ? "" : `${reply} `;
  const line = `HMSG ${subject} ${taken} ${to}${head.length} ${head.length + body.length}\r\n`;
  return Buffer.from(`${line}${head}${body}\r\n`, "latin1");
}

const subject = fc.constantFrom("synod.kv.default.put.a", "x", "synod.kv.b.get.ü", "a.b.c.d");
const reply = fc.constantFrom("", "_INBOX.abc.1", "_INBOX.ø");
const body = fc.oneof(
  fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[^\r\n -~]/g, "?")),
  fc.constantFrom("", "MSG a 7 0\r\n\r\n", "\r\n", "PING\r\n", "z".repeat(5000)),
);
const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(subject, fc.constantFrom(taken, 8), reply, body).map((a) => message(...a)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(subject, reply, fc.constantFrom("1", "22"), body).map((a) => headed(...a)),
  },
  fc
    .constantFrom("PING\r\n", "PONG\r\n", "+OK\r\n", "-ERR 'no'\r\n", 'INFO {"a":" b"}\r\n')
    .map((a) => Buffer.from(a)),
);

test("whatever a delivery holds, it is what the package would have read", () => {
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 30 }),
      (commands, sizes) => {
        const stream = Buffer.concat(commands);
        const deliveries: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = sizes[turn % sizes.length] as number;
          deliveries.push(stream.subarray(at, at + size));
          at += size;
        }
        const expected = byPackage(stream);
        expect(byOwn([stream]).seen).toEqual(expected);
        expect(byOwn(deliveries).seen).toEqual(expected);
      },
    ),
    { numRuns: 400 },
  );
});

test("plain messages in one piece do not go through the package, whatever lies between them", () => {
  const stream = Buffer.concat([
    message("a.b", taken, "_INBOX.1", "one"),
    Buffer.from("PING\r\n"),
    headed("a.b", "_INBOX.2", "id", "two"),
    message("a.b", 9, "", "of another subscription"),
    message("a.b", taken, "", ""),
    message("a.ü", taken, "", "not ASCII"),
    message("a.b", taken, "_INBOX.3", "three"),
  ]);
  const cut = stream.length - 4;
  const { seen, plain } = byOwn([
    stream.subarray(0, cut),
    Buffer.concat([stream.subarray(cut), message("a.b", taken, "", "behind a cut")]),
  ]);
  expect(seen).toHaveLength(8);
  expect(plain).toBe(3);
});

test("what is no protocol fails as it does in the package", () => {
  for (const text of ["XYZ\r\n", "MSG a 7 x\r\n\r\n", "MSG a\r\n", "MSG a 7 r 1 1 1\r\n.\r\n"]) {
    expect(() => byPackage(Buffer.from(text))).toThrow("rror");
    expect(() => byOwn([Buffer.from(text)])).toThrow("rror");
  }
});

test("the package has the three places that the shorter way needs", async () => {
  const server = await startNatsServer();
  const connection = await connect({ servers: server.url, reconnect: false });
  const link = linkOver(connection);
  expect(link).toBeInstanceOf(TcpLink);
  const heard: string[] = [];
  const other = await connect({ servers: server.url, reconnect: false });
  link.subscribe("plain", {
    callback: () => heard.push("by the package"),
    plain: ({ payload }) => heard.push(textOf(payload)),
  });
  await link.flush();
  const passed = passedByPackage(connection);
  other.publish("plain", "directly");
  await other.flush();
  await link.flush();
  expect(heard).toEqual(["directly"]);
  expect(passed).toEqual({ deliveries: 0, writes: 1 });
  other.subscribe("answer", { callback: (_, { data }) => heard.push(textOf(data)) });
  await other.flush();
  link.publish("answer", Buffer.from("directly back"));
  await link.flush();
  await other.flush();
  expect(heard).toEqual(["directly", "directly back"]);
  expect(passed).toEqual({ deliveries: 0, writes: 2 });
  await Promise.all([link.close(), other.close()]);
  await server.kill();
});

test("bytes that are no protocol end the connection", async () => {
  const server = createServer((socket) => {
    socket.write('INFO {"max_payload":1000,"proto":1,"version":"2.9.10"}\r\n');
    const answers = ["PONG\r\n", "XYZ\r\n"];
    socket.on("data", () => void socket.write(answers.shift() ?? ""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const link = linkOver(await connect({ servers: `127.0.0.1:${port}`, reconnect: false }));
  void link.flush().catch(() => undefined);
  await link.closed();
  expect(link.isClosed()).toBe(true);
  server.close();
});

/** Of what comes and goes, how much takes the package's own way from here on; a flush is one write of its. */
function passedByPackage(connection: NatsConnection): { deliveries: number; writes: number } {
  const { transport } = (connection as unknown as { protocol: { transport: PackageTransport } })
    .protocol;
  const passed = { deliveries: 0, writes: 0 };
  const { yields } = transport;
  const send = transport.send.bind(transport);
  yields.push = (...bytes) => {
    passed.deliveries += 1;
    return Array.prototype.push.apply(yields, bytes);
  };
  transport.send = (bytes) => {
    passed.writes += 1;
    send(bytes);
  };
  return passed;
}

interface PackageTransport {
  yields: unknown[];
  send(bytes: Uint8Array): void;
}
