/** Good bytes of every kind that comes from outside, to be tampered with. */
import { cursorText } from "../../../client/watch/cursor.ts";
import { encodeBirth } from "../../../infra/codec/birth-codec.ts";
import { CellCodec } from "../../../infra/codec/cell-codec.ts";
import {
  encodeFramesEntry,
  encodeNoOpEntry,
  encodeTickEntry,
  encodeWatermarkEntry,
} from "../../../infra/codec/entry-codec.ts";
import { FeedEncoder } from "../../../infra/codec/feed-codec.ts";
import { MsgpackWriter } from "../../../infra/codec/msgpack-writer.ts";
import { encodePeerMessage } from "../../../infra/codec/peer-codec.ts";
import { ReplyEncoder } from "../../../infra/codec/reply-codec.ts";
import { RequestEncoder } from "../../../infra/codec/request-encoder.ts";
import { writeResults } from "../../../infra/codec/result-codec.ts";
import { encodeRoute } from "../../../infra/codec/route-codec.ts";
import { defaultTopology } from "../../../infra/topology/default-topology.ts";
import { renderTopology } from "../../../infra/topology/render-topology.ts";
import { failure, type OperationResult } from "../../../kv/commands/result.ts";
import {
  atRevision,
  changes,
  deleteRange,
  exists,
  get,
  increment,
  put,
  range,
  remove,
  transaction,
  unchanged,
} from "../../kv/support/operations.ts";
import { readEnvelope, writeEnvelope } from "./frames.ts";
import { pack } from "./msgpackr.ts";
import { envelope, messages } from "./peer-samples.ts";

export function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

const texts = (...all: readonly string[]): Uint8Array[] => all.map((one) => Buffer.from(one));

const requests = new RequestEncoder();
export const writeOperations = [
  put("k", "value"),
  remove("k", 4096),
  increment("n", -5),
  deleteRange("a", "b"),
  transaction(
    [atRevision("a", 7), exists("b"), unchanged("a", "c", 4096)],
    [put("a", "1"), remove("b"), increment("n", 2), get("g")],
  ),
];
export const readOperations = [get("k"), range("a", "z"), changes({ start: "a", end: "z" })];

const rawEnvelope = { kind: 3, clusterId: "c", group: "g1", kept: 1, hash: 77 } as const;
const own = { identity: "0123456789abcdef", firstKey: "default\0k" };
export const writeFrame = requests.writeFrame(writeEnvelope, writeOperations);
export const readFrame = requests.readFrame(readEnvelope, readOperations);
export const rawFrame = requests.raw({ ...rawEnvelope, ...own }, put("k", "value"));
export const requestSamples = [
  writeFrame,
  readFrame,
  rawFrame,
  requests.route(),
  requests.interest("c", "g1"),
];

export const entrySamples = [
  encodeNoOpEntry(),
  encodeTickEntry(2 ** 50),
  encodeWatermarkEntry(2 ** 50, 2 ** 49),
  encodeFramesEntry(2 ** 50, [writeFrame, rawFrame]),
];

const source = Buffer.from("value");
const version = { revision: 9, kind: 0, expiresAt: 0, source, start: 1, end: 3 } as const;
const results: OperationResult[] = [
  7,
  failure("CONFLICT", -1, 8),
  { kind: 2, revision: 7, existed: true },
  { kind: 3, revision: 7, value: -5 },
  { kind: 4, revision: 7, deleted: 3, cursor: "default\0k" },
  { kind: 5, revision: 7, results: [7, { kind: 6, version }, { kind: 6, version: undefined }] },
  { kind: 6, version },
  { kind: 7, rows: [{ key: "default\0k", version }], cursor: undefined },
  { kind: 8, rows: [{ key: "default\0k", version }], cursor: { key: "default\0k", below: 3 } },
];

const resultWriter = new MsgpackWriter();
writeResults(resultWriter, results);
export const resultSamples = [resultWriter.finish()];

const place = { number: 1, group: "g", slot: 1, index: 0, lastRevision: 1, asOf: 1 } as const;
const replies = new ReplyEncoder();
export const replySamples = [
  replies.encode({ kind: 0, ...place, results }),
  replies.encode({
    kind: 1,
    number: 1,
    group: "g",
    code: "NOT_LEADER",
    message: "ask another",
    outcome: "not executed",
    hint: "n2",
  }),
];

const feedHead = { clusterId: "c", group: "g", slot: 9, previousSlot: 8, resolved: 70 };
const change = { key: "b\0k", revision: 70, operation: 0, expiresAt: 0 } as const;
const feedChanges = [1, 2].map((at) => ({ ...change, revision: at, source, start: 0, end: 5 }));
export const feedSamples = [feedChanges, []].flatMap((all) =>
  new FeedEncoder().encode({ ...feedHead, interestMs: 1 }, all, 1000),
);

const regions = [
  { id: 1, version: 1, start: "", end: "default\0\xff" },
  { id: 2, version: 3, start: "default\0\xff", end: undefined },
];
const routes = regions.map((region, at) => ({ ...region, group: `g${at + 1}` }));
const cells = new CellCodec();
const executed = { refused: false, hash: 5, slot: 9, index: 0, lastRevision: 2 ** 51 } as const;
export const sessionCells = [
  cells.encodeSession({
    born: 2 ** 50,
    floor: 4,
    answers: [{ ...executed, number: 5, results }],
  }),
];
export const replicaCells = [
  cells.encodeReplica({
    appliedThrough: 12,
    lastRevision: 2 ** 52,
    watermark: 2 ** 51,
    checksum: 0xdead_beef,
    comparable: { slot: 10, value: 0xffff_ffff },
    regions,
    directory: { version: 4, regions: routes },
  }),
];
export const requestCells = [
  cells.encodeRequest({ firstKey: "default\0k", answer: { ...executed, number: 0, results } }),
];

export const peerSamples = messages.map((message) =>
  Buffer.from(encodePeerMessage(envelope, message)),
);
export const birthSamples = messages.flatMap((message) =>
  message.type === "birthOffer" ? [encodeBirth(message.birth)] : [],
);
export const routeSamples = [
  encodeRoute({
    clusterId: "c1",
    version: 3,
    regions: routes,
    groups: [{ group: "g1", nodes: ["n1", "n2"], leader: "n1" }],
    stamp: 2 ** 52,
  }),
];

const document = {
  checks: [
    { key: "a", revision: 0 },
    { key: "b", exists: true, bucket: "other" },
    { unchangedSince: 4096, prefix: "c." },
    { unchangedSince: 4096, start: "c", end: "d" },
  ],
  ops: [
    { op: "put", key: "a", value: "1", ttlMs: 5000, previousRevision: 3 },
    { op: "put", key: "b", valueBase64: "AAE=" },
    { op: "delete", key: "c", previousRevision: 3 },
    { op: "increment", key: "n", delta: -3 },
    { op: "get", key: "g" },
  ],
};
export const transactionTexts = [json(document)];
export const packedTransactions = [
  pack({ ops: [{ op: "put", key: Buffer.from("a\xff"), value: Buffer.from([0, 1]) }] }),
  pack({ checks: document.checks, ops: document.ops.filter(({ op }) => op !== "put") }),
];
const rangeDocument = { prefix: "config.", limit: 100, reverse: true, keysOnly: true };
export const rangeTexts = [
  json(rangeDocument),
  json({ start: "a", end: "b", cursor: Buffer.from("default\0a5").toString("base64url") }),
];
export const packedRanges = [pack(rangeDocument), pack({ start: Buffer.from("a"), end: "z" })];

/** A line of headers each. */
export const headerSamples = texts(
  "Nats-Expected-Last-Subject-Sequence: 17\nNats-TTL: 1h30m\nNats-Msg-Id: one",
  "Nats-TTL: 5",
  "Nats-TTL: .5h1.5us",
  "Nats-TTL: never",
);

export const boundSamples = texts("default/a\\xff\\\\b", "b/", "default/größe", "");
export const subjectSamples = texts(
  "synod.kv.default.put.config.a",
  "synod.kv.other-bucket_9.get.a/b=c",
  "synod.kv.*.put.>",
  "_INBOX.a.b",
);
export const cursorSamples = texts(
  cursorText("c1", [
    { range: { start: "b\0a", end: "b\0m" }, beginning: { kind: "after", revision: 2 ** 50 } },
    { range: { start: "b\0m", end: undefined }, beginning: { kind: "current" } },
  ]),
);
export const entryLineSamples = [
  json({ bucket: "b", key: "k", value: "v", revision: 7, created: "2026-01-01T00:00:00Z" }),
  json({ keyBase64: "AP8=", valueBase64: "", expires: "2026-01-01T00:00:00Z" }),
  json({ key: "k", value: "v", ttlMs: 5000 }),
];
export const greetingSamples = texts('INFO {"server_name":"n","version":"2.10.1"} \r\n');
export const topologySamples = texts(renderTopology(defaultTopology(3, "demo")));

const inspectionHead = { node: "n1", start: 5, sequence: 3 };
const actor = { id: "n1/g1/acceptor", machine: "acceptor", state: "idle", status: "active" };
export const inspectionAnswers = [
  json({
    ...inspectionHead,
    part: 1,
    parts: 1,
    actors: [{ ...actor, contextSummary: {} }],
    machines: { acceptor: { id: "acceptor" } },
  }),
];
export const inspectionEvents = [
  json({
    ...inspectionHead,
    actor: actor.id,
    machine: "acceptor",
    status: "active",
    event: { type: "prepare" },
    from: "idle",
    to: "idle",
    passed: [],
    transitions: [],
    memory: {},
    skipped: 0,
    atMs: 7,
  }),
];
