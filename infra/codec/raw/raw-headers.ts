/** The headers of raw requests. What a header asks for is done, or the request is refused: none is passed over. */
import { expectNothing, type Expectation } from "../../../kv/commands/operation.ts";
import { ttlMsMax } from "../../../kv/limits.ts";
import { SynodError } from "../../errors/synod-error.ts";
import type { InboundMessage } from "../../transport/transport.ts";
import type { RawVerb } from "./raw-subject.ts";

export const requestHeader = {
  expectation: "Nats-Expected-Last-Subject-Sequence",
  ttl: "Nats-TTL",
  messageId: "Nats-Msg-Id",
  contentType: "Content-Type",
} as const;

/** What these ask of JetStream is nothing that is done here: whoever relies on one must not be told that it was done. */
const foreign = [
  "Nats-Expected-Last-Sequence",
  "Nats-Expected-Last-Subject-Sequence-Subject",
  "Nats-Expected-Last-Msg-Id",
  "Nats-Expected-Stream",
  "Nats-Rollup",
  "Nats-Incr",
  "KV-Operation",
];

export const msgpackType = "application/msgpack";

const messageIdLengthMax = 1024;

export interface RawHeaders {
  readonly expectation: Expectation;
  /** 0 = the key does not expire. */
  readonly ttlMs: number;
  readonly messageId: string | undefined;
}

const none: RawHeaders = { expectation: expectNothing, ttlMs: 0, messageId: undefined };

const writes: readonly RawVerb[] = ["put", "delete", "incr", "txn"];

/** Throws `BAD_REQUEST`. */
export function readHeaders(message: InboundMessage, verb: RawVerb): RawHeaders {
  if (message.headers === "none") return none;
  if (message.headers === "malformed") throw badHeader("the headers are not as NATS writes them");
  for (const name of foreign) {
    if (message.header(name) !== undefined) throw badHeader(`${name} means nothing to this store`);
  }
  const expected = message.header(requestHeader.expectation);
  const ttl = message.header(requestHeader.ttl);
  const messageId = message.header(requestHeader.messageId);
  requireFits(requestHeader.expectation, expected, verb, ["put", "delete"]);
  requireFits(requestHeader.ttl, ttl, verb, ["put"]);
  requireFits(requestHeader.messageId, messageId, verb, writes);
  if (messageId !== undefined && (messageId === "" || messageId.length > messageIdLengthMax)) {
    const claim = `${requestHeader.messageId} has ${messageId.length} characters; 1 to ${messageIdLengthMax} are allowed`;
    throw badHeader(claim);
  }
  return {
    expectation: expected === undefined ? expectNothing : revisionOf(expected),
    ttlMs: ttl === undefined ? 0 : ttlMsOf(ttl),
    messageId,
  };
}

/** Whether the body of a range or a transaction is msgpack, and the answer is to be. */
export function isPacked(message: InboundMessage): boolean {
  return message.headers === "some" && message.header(requestHeader.contentType) === msgpackType;
}

export function hasMessageId(message: InboundMessage): boolean {
  return message.headers === "some" && message.header(requestHeader.messageId) !== undefined;
}

function requireFits(
  name: string,
  value: string | undefined,
  verb: RawVerb,
  verbs: readonly RawVerb[],
): void {
  if (value !== undefined && !verbs.includes(verb)) {
    throw badHeader(`${name} goes with ${verbs.join(", ")}, not with ${verb}`);
  }
}

function revisionOf(text: string): Expectation {
  const revision = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(revision)) return revision;
  throw badHeader(`${requestHeader.expectation} is no revision: ${shown(text)}`);
}

const unitsMs: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** As nats-server reads it: whole seconds, a duration as Go writes it, or `never`. */
function ttlMsOf(text: string): number {
  if (text === "never") return 0;
  const ttlMs = /^\d+$/.test(text) ? Number(text) * 1000 : durationMs(text);
  if (ttlMs === undefined || ttlMs < 1 || ttlMs > ttlMsMax) {
    const claim = `${requestHeader.ttl} is neither seconds nor a duration like 1h30m between 1 ms and ten years: ${shown(text)}`;
    throw badHeader(claim);
  }
  return Math.floor(ttlMs);
}

function durationMs(text: string): number | undefined {
  if (text.length > 64 || !/^(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/.test(text)) return undefined;
  let total = 0;
  let read = 0;
  for (const { 0: part, 1: amount, 2: unit = "" } of text.matchAll(
    /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g,
  )) {
    total += Number(amount) * (unitsMs.get(unit) ?? Number.NaN);
    read += part.length;
  }
  return read === text.length ? total : undefined;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function badHeader(claim: string): SynodError {
  return new SynodError("BAD_REQUEST", claim, {
    nextStep: "Correct the header; the message names it.",
  });
}
