/** What passes between a node and its NATS server, and what does not. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../support/wait-until.ts";
import { NodeLink } from "./node-link.ts";
import { FrameSplitter } from "./protocol-frames.ts";

const stream = [
  'INFO {"server_name":"s"}\r\n',
  "MSG synod.p.n-n1.n2 4 5\r\nhello\r\n",
  "PING\r\n",
  "MSG synod.p.g-g1.n3 5 _INBOX.x 7\r\na\r\nMSG \r\n",
  "HMSG synod.api 6 12 14\r\nNATS/1.0\r\n\r\nxy\r\n",
  "MSG synod.p.n-n1.n3 4 0\r\n\r\n",
];

test("a stream is cut into its messages wherever its pieces begin and end", () => {
  const bytes = Buffer.from(stream.join(""));
  for (let size = 1; size <= bytes.length; size++) {
    const splitter = new FrameSplitter();
    const frames = [];
    for (let at = 0; at < bytes.length; at += size) {
      frames.push(...splitter.push(bytes.subarray(at, at + size)));
    }
    expect(frames.map((frame) => frame.bytes.toString())).toEqual(stream);
    expect(frames.map(({ subject }) => subject)).toEqual([
      undefined,
      "synod.p.n-n1.n2",
      undefined,
      "synod.p.g-g1.n3",
      "synod.api",
      "synod.p.n-n1.n3",
    ]);
    expect(frames[3]?.payload.toString()).toBe("a\r\nMSG ");
  }
});

let server: Server;
let link: NodeLink;
let atServer: Socket | undefined;
let atNode: Socket;
let nodeHeard: string;
let serverHeard: string;
let taps: string[];

async function open(): Promise<void> {
  atServer = undefined;
  const { port } = new URL(link.url);
  atNode = connect(Number(port), "127.0.0.1");
  atNode.on("error", () => undefined).on("data", (bytes) => (nodeHeard += String(bytes)));
  await waitUntil("the server is reached", () => atServer !== undefined);
}

beforeEach(async () => {
  nodeHeard = "";
  serverHeard = "";
  taps = [];
  server = createServer((socket) => {
    atServer = socket;
    socket.on("error", () => undefined).on("data", (bytes) => (serverHeard += String(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  link = await NodeLink.open(port, "synod", (payload) => taps.push(payload.toString()));
  await open();
});
afterEach(() => {
  atNode.destroy();
  link.close();
  server.close();
});

test("messages of some senders are left out, and only those", async () => {
  link.hearNothingFrom(["n3"]);
  for (const frame of stream) atServer?.write(frame);
  const kept = stream.filter((frame) => !/^MSG \S+\.n3 /.test(frame)).join("");
  await waitUntil("the rest arrives", () => nodeHeard.length >= kept.length);
  expect(nodeHeard).toBe(kept);
  expect(link.dropped).toBe(2);
  expect(taps).toEqual(["hello"]);
});

test("what is held in one direction arrives late, and the other direction goes on", async () => {
  link.hold("to node");
  atServer?.write("PING\r\n");
  atNode.write("PONG\r\n");
  await waitUntil("the server hears", () => serverHeard === "PONG\r\n");
  expect(nodeHeard).toBe("");
  link.mend();
  await waitUntil("the node hears", () => nodeHeard === "PING\r\n");
});

test("what is held is lost with the connection, and a new one begins empty", async () => {
  link.hold("from node");
  atNode.write("PUB lost 0\r\n\r\n");
  link.mend(true);
  await waitUntil("the connection breaks", () => atNode.destroyed);
  await open();
  atNode.write("PING\r\n");
  await waitUntil("the server hears", () => serverHeard === "PING\r\n");
});

test("a link that is cut lets nobody through until it is mended", async () => {
  link.cut();
  await waitUntil("the connection breaks", () => atNode.destroyed);
  const refused = connect(Number(new URL(link.url).port), "127.0.0.1").on("error", () => undefined);
  await waitUntil("another breaks too", () => refused.destroyed);
  link.mend();
  await open();
});
