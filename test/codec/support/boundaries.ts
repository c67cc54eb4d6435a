/**
 * Every function that makes something of bytes or text from outside, with samples that it takes and what it may throw.
 * A new one has to be entered here: a test compares this table with what the source exports.
 */
import { cursorText, parseCursor } from "../../../client/watch/cursor.ts";
import { parseTransaction } from "../../../cli/data/transaction-text.ts";
import { answerFrom, eventFrom } from "../../../cli/inspect/heard-messages.ts";
import { parseEntryLine } from "../../../cli/transfer/entry-line.ts";
import {
  decodeBirth,
  encodeBirth,
  readBirth,
  readRegions,
} from "../../../infra/codec/birth-codec.ts";
import { CellCodec } from "../../../infra/codec/cell-codec.ts";
import { EntryDecoder } from "../../../infra/codec/entry-codec.ts";
import { FeedDecoder } from "../../../infra/codec/feed-codec.ts";
import { KeyReader } from "../../../infra/codec/key-reader.ts";
import { MalformedBytes } from "../../../infra/codec/malformed.ts";
import { MsgpackReader } from "../../../infra/codec/msgpack-reader.ts";
import { readMsgpack } from "../../../infra/codec/msgpack-value.ts";
import { OperationReader } from "../../../infra/codec/operation-reader.ts";
import {
  decodePeerMessage,
  encodePeerMessage,
  OtherFormat,
  type PeerPacket,
} from "../../../infra/codec/peer-codec.ts";
import { MalformedMessage, positionalOf } from "../../../infra/codec/positional.ts";
import { DocumentReader } from "../../../infra/codec/raw/raw-document.ts";
import { readHeaders } from "../../../infra/codec/raw/raw-headers.ts";
import { readRange } from "../../../infra/codec/raw/raw-range.ts";
import { RawSubjects, requireSubjectKey } from "../../../infra/codec/raw/raw-subject.ts";
import { readTransaction } from "../../../infra/codec/raw/raw-transaction.ts";
import {
  parseRegionBound,
  RegionBoundFault,
  regionBoundText,
} from "../../../infra/codec/region-bound.ts";
import { ReplyDecoder, ReplyEncoder, type Reply } from "../../../infra/codec/reply-codec.ts";
import { RequestDecoder } from "../../../infra/codec/request-decoder.ts";
import { peekRequest, readEnvelope } from "../../../infra/codec/request-envelope.ts";
import { readResults } from "../../../infra/codec/result-codec.ts";
import { decodeRoute, encodeRoute } from "../../../infra/codec/route-codec.ts";
import type { ErrorCode } from "../../../infra/errors/error-table.ts";
import { SynodError } from "../../../infra/errors/synod-error.ts";
import { parseTopology } from "../../../infra/topology/load-topology.ts";
import { parseGreeting } from "../../../infra/transport/server-greeting.ts";
import {
  isPublishSubject,
  requirePublishSubjects,
  requireSubscribeSubject,
} from "../../../infra/transport/subject.ts";
import type { InboundMessage } from "../../../infra/transport/transport.ts";
import { pack } from "./msgpackr.ts";
import * as samples from "./wire-samples.ts";

type Refuses = (thrown: unknown) => boolean;

export interface Boundary {
  /** File and export, as in the source, and which of several ways of use. */
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  /** Returns what it made of the bytes; undefined when it refused them without throwing. */
  readonly take: (bytes: Uint8Array) => unknown;
  /** Whether what it threw is its typed refusal. */
  readonly refuses: Refuses;
  /** The bytes of what was taken, where they can be made again: taken once more they come to the same. */
  readonly again?: (taken: never) => Uint8Array;
}

const never: Refuses = () => false;
const malformedBytes: Refuses = (thrown) => thrown instanceof MalformedBytes;
const malformedMessage: Refuses = (thrown) => thrown instanceof MalformedMessage;

function errors(...codes: readonly ErrorCode[]): Refuses {
  return (thrown) => thrown instanceof SynodError && codes.includes(thrown.code);
}

const badCells: Refuses = (thrown) =>
  malformedBytes(thrown) || errors("INCOMPATIBLE_VERSION")(thrown);
const badTransaction = errors(
  "BAD_REQUEST",
  "BAD_KEY",
  "BAD_BUCKET",
  "VALUE_TOO_LARGE",
  "TRANSACTION_TOO_LARGE",
);

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

/** Undefined for what says of itself that it is malformed. */
function unlessMalformed<Value extends object>(value: Value): Value | undefined {
  const isRefusal = "problem" in value && value.problem !== "";
  return isRefusal ? undefined : value;
}

function openReader(bytes: Uint8Array): MsgpackReader {
  const reader = new MsgpackReader();
  reader.reset(bytes);
  return reader;
}

function keysOf(bytes: Uint8Array): unknown {
  const reader = openReader(bytes);
  const keys = new KeyReader(reader);
  const read = [keys.key(), keys.start(), keys.end()];
  return [...read, keys.takeProblem()];
}

function headersOf(bytes: Uint8Array): InboundMessage {
  const lines = text(bytes)
    .split("\n")
    .map((line) => line.split(": "));
  const headers = new Map(lines.map(([name = "", value = ""]) => [name, value]));
  const message = { subject: "synod.kv.default.put.k", payload: bytes, reply: undefined };
  return { ...message, headers: "some", header: (name) => headers.get(name) };
}

function subjectOf(bytes: Uint8Array): unknown {
  const subject = text(bytes);
  const subjects = new RawSubjects("synod");
  const taken = [subjects.bucketOf(subject), subjects.internalKeyOf(subject, "put")] as const;
  requireSubjectKey(taken[1]);
  return taken;
}

const cells = new CellCodec();
const decoder = new RequestDecoder();

export const boundaries: readonly Boundary[] = [
  {
    name: "infra/codec/msgpack-value.ts readMsgpack",
    samples: [...samples.packedTransactions, ...samples.peerSamples],
    take: readMsgpack,
    refuses: malformedBytes,
    again: (value: unknown) => pack(value),
  },
  {
    name: "infra/codec/key-reader.ts KeyReader",
    samples: [Buffer.concat([pack("default\0k"), pack(null), pack("default\0z")])],
    take: keysOf,
    refuses: malformedBytes,
  },
  {
    name: "infra/codec/request-envelope.ts peekRequest",
    samples: samples.requestSamples,
    take: (bytes) => unlessMalformed(peekRequest(bytes)),
    refuses: never,
  },
  {
    name: "infra/codec/request-envelope.ts readEnvelope",
    samples: samples.requestSamples,
    take: (bytes) => readEnvelope(openReader(bytes)),
    refuses: malformedBytes,
  },
  {
    name: "infra/codec/operation-reader.ts OperationReader (writes)",
    samples: [operationsOf(samples.writeFrame)],
    take: (bytes) => new OperationReader(openReader(bytes)).writes(bytes),
    refuses: malformedBytes,
  },
  {
    name: "infra/codec/operation-reader.ts OperationReader (reads)",
    samples: [operationsOf(samples.readFrame)],
    take: (bytes) => new OperationReader(openReader(bytes)).reads(bytes),
    refuses: malformedBytes,
  },
  {
    name: "infra/codec/request-decoder.ts RequestDecoder (logged)",
    samples: samples.requestSamples,
    take: (bytes) => unlessMalformed(decoder.logged(bytes)),
    refuses: never,
  },
  {
    name: "infra/codec/request-decoder.ts RequestDecoder (readFrame)",
    samples: samples.requestSamples,
    take: (bytes) => unlessMalformed(decoder.readFrame(bytes)),
    refuses: never,
  },
  {
    name: "infra/codec/entry-codec.ts EntryDecoder",
    samples: samples.entrySamples,
    take: (bytes) => new EntryDecoder().decode(bytes),
    refuses: badCells,
  },
  {
    name: "infra/codec/result-codec.ts readResults",
    samples: samples.resultSamples,
    take: (bytes) => readResults(openReader(bytes), bytes),
    refuses: malformedBytes,
  },
  {
    name: "infra/codec/reply-codec.ts ReplyDecoder",
    samples: samples.replySamples,
    take: (bytes) => unlessMalformed(new ReplyDecoder().decode(bytes)),
    refuses: never,
    again: (reply: Reply) => new ReplyEncoder().encode(reply),
  },
  {
    name: "infra/codec/feed-codec.ts FeedDecoder",
    samples: samples.feedSamples,
    take: (bytes) => unlessMalformed(new FeedDecoder().decode(bytes)),
    refuses: never,
  },
  {
    name: "infra/codec/cell-codec.ts CellCodec (session)",
    samples: samples.sessionCells,
    take: (bytes) => cells.decodeSession(bytes, 0, bytes.length),
    refuses: badCells,
    again: (image: never) => cells.encodeSession(image),
  },
  {
    name: "infra/codec/cell-codec.ts CellCodec (replica)",
    samples: samples.replicaCells,
    take: (bytes) => cells.decodeReplica(bytes, 0, bytes.length),
    refuses: badCells,
    again: (image: never) => cells.encodeReplica(image),
  },
  {
    name: "infra/codec/cell-codec.ts CellCodec (request)",
    samples: samples.requestCells,
    take: (bytes) => cells.decodeRequest(bytes, 0, bytes.length),
    refuses: badCells,
    again: (image: never) => cells.encodeRequest(image),
  },
  {
    name: "infra/codec/peer-codec.ts decodePeerMessage",
    samples: samples.peerSamples,
    take: decodePeerMessage,
    refuses: (thrown) => malformedMessage(thrown) || thrown instanceof OtherFormat,
    again: ({ envelope, message }: PeerPacket) => encodePeerMessage(envelope, message),
  },
  {
    name: "infra/codec/birth-codec.ts decodeBirth",
    samples: samples.birthSamples,
    take: decodeBirth,
    refuses: malformedMessage,
    again: encodeBirth,
  },
  {
    name: "infra/codec/birth-codec.ts readBirth",
    samples: samples.birthSamples,
    take: (bytes) => readBirth(positionalOf(bytes)),
    refuses: malformedMessage,
  },
  {
    name: "infra/codec/birth-codec.ts readRegions",
    samples: [pack([[[1, 1, Buffer.from("a"), null, "g1"]]])],
    take: (bytes) => readRegions(positionalOf(bytes)),
    refuses: malformedMessage,
  },
  {
    name: "infra/codec/route-codec.ts decodeRoute",
    samples: samples.routeSamples,
    take: decodeRoute,
    refuses: malformedMessage,
    again: encodeRoute,
  },
  {
    name: "infra/codec/raw/raw-headers.ts readHeaders",
    samples: samples.headerSamples,
    take: (bytes) => readHeaders(headersOf(bytes), "put"),
    refuses: errors("BAD_REQUEST"),
  },
  ...[false, true].flatMap((isPacked): Boundary[] => [
    {
      name: `infra/codec/raw/raw-document.ts DocumentReader (${isPacked ? "msgpack" : "JSON"})`,
      samples: isPacked ? samples.packedTransactions : samples.transactionTexts,
      take: (bytes) => {
        const reader = new DocumentReader(isPacked);
        const fields = reader.read(bytes, { checks: "list", ops: "list" });
        const objects = ["checks", "ops"].map((name) => reader.objects(fields, name));
        reader.finish("document", "{}");
        return { fields, objects };
      },
      refuses: errors("BAD_REQUEST"),
    },
    {
      name: `infra/codec/raw/raw-range.ts readRange (${isPacked ? "msgpack" : "JSON"})`,
      samples: isPacked ? samples.packedRanges : samples.rangeTexts,
      take: (bytes) => readRange("default", bytes, isPacked),
      refuses: errors("BAD_REQUEST"),
    },
    {
      name: `infra/codec/raw/raw-transaction.ts readTransaction (${isPacked ? "msgpack" : "JSON"})`,
      samples: isPacked ? samples.packedTransactions : samples.transactionTexts,
      take: (bytes) => readTransaction("default", bytes, isPacked),
      refuses: badTransaction,
    },
  ]),
  {
    name: "infra/codec/raw/raw-subject.ts RawSubjects",
    samples: samples.subjectSamples,
    take: subjectOf,
    refuses: errors("BAD_KEY", "BAD_BUCKET"),
  },
  {
    name: "infra/codec/region-bound.ts parseRegionBound",
    samples: samples.boundSamples,
    take: (bytes) => parseRegionBound(text(bytes)),
    refuses: (thrown) => thrown instanceof RegionBoundFault,
    again: (bound: string) => Buffer.from(regionBoundText(bound)),
  },
  {
    name: "infra/transport/subject.ts requirePublishSubjects",
    samples: samples.subjectSamples,
    take: (bytes) => {
      requireSubscribeSubject(text(bytes));
      requirePublishSubjects(text(bytes), "_INBOX.a");
      return isPublishSubject(text(bytes));
    },
    refuses: errors("BAD_REQUEST"),
  },
  {
    name: "infra/transport/server-greeting.ts parseGreeting",
    samples: samples.greetingSamples,
    take: (bytes) => parseGreeting(text(bytes)),
    refuses: never,
  },
  {
    name: "infra/topology/load-topology.ts parseTopology",
    samples: samples.topologySamples,
    take: (bytes) => parseTopology(text(bytes), "topology.yaml"),
    refuses: errors("TOPOLOGY_INVALID"),
  },
  {
    name: "client/watch/cursor.ts parseCursor",
    samples: samples.cursorSamples,
    take: (bytes) => parseCursor("c1", text(bytes)),
    refuses: errors("BAD_REQUEST"),
    again: (parts: never) => Buffer.from(cursorText("c1", parts)),
  },
  {
    name: "client/watch/cursor.ts parseCursor (its bytes)",
    samples: samples.cursorSamples.map((one) => Buffer.from(text(one), "base64url")),
    take: (bytes) => parseCursor("c1", Buffer.from(bytes).toString("base64url")),
    refuses: errors("BAD_REQUEST"),
  },
  {
    name: "cli/data/transaction-text.ts parseTransaction",
    samples: samples.transactionTexts,
    take: (bytes) => parseTransaction(text(bytes), "default"),
    refuses: errors("BAD_REQUEST"),
  },
  {
    name: "cli/transfer/entry-line.ts parseEntryLine",
    samples: samples.entryLineSamples,
    take: (bytes) => parseEntryLine(bytes, "default", 1_800_000_000_000),
    refuses: errors("BAD_REQUEST", "BAD_KEY", "BAD_BUCKET", "VALUE_TOO_LARGE"),
  },
  {
    name: "cli/inspect/heard-messages.ts answerFrom",
    samples: samples.inspectionAnswers,
    take: answerFrom,
    refuses: never,
  },
  {
    name: "cli/inspect/heard-messages.ts eventFrom",
    samples: samples.inspectionEvents,
    take: (bytes) => eventFrom("synod.events.n1.g1.acceptor", bytes),
    refuses: never,
  },
];

/** The list of operations behind a frame's envelope. */
function operationsOf(frame: Uint8Array): Uint8Array {
  const reader = openReader(frame);
  readEnvelope(reader);
  return frame.slice(reader.position);
}
