/**
 * Where interest in watch subjects is heard: `<prefix>.kv.<bucket>.interest`. Every node takes note, whoever leads; the
 * leader of the group that owns the first key the pattern can mean answers.
 */
import { errorTable, type ErrorCode } from "../../infra/errors/error-table.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import {
  isInboxSubject,
  isPublishSubject,
  requireSubscribeSubject,
} from "../../infra/transport/subject.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import { bucketSeparator, isBucketName } from "../../kv/internal-key.ts";
import { keyBytesMax } from "../../kv/limits.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { DropCounts } from "../drop-counts.ts";
import { bucketOf, interestSubject } from "../subjects.ts";
import { keyInterestMs, type Interests } from "./interests.ts";

export interface InterestDoorOptions {
  readonly transport: Transport;
  readonly prefix: string;
  readonly interests: Interests;
  readonly drops: DropCounts;
  /** Whether this node leads the group that owns the key. */
  readonly leads: (key: InternalKey) => boolean;
  /** More is wanted than before. */
  readonly heard: () => void;
}

const bodyBytesMax = 8 * 1024;
const allKeys = ">";

export class InterestDoor {
  readonly #options: InterestDoorOptions;

  constructor(options: InterestDoorOptions) {
    this.#options = options;
  }

  listen(): void {
    const { transport, prefix } = this.#options;
    transport.subscribe(interestSubject(prefix, "*"), (message) => this.#take(message));
  }

  #take(message: InboundMessage): void {
    const { interests, drops, prefix, leads, heard } = this.#options;
    const { reply } = message;
    if (reply !== undefined && !isInboxSubject(reply)) {
      return drops.count("request without an inbox to answer to");
    }
    const bucket = bucketOf(prefix, message.subject);
    let pattern: string;
    try {
      pattern = patternOf(bucket, message.payload);
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      if (leads(bucket + bucketSeparator)) this.#refuse(reply, failure.code, failure.message);
      return;
    }
    const isLeader = leads(bucket + bucketSeparator + literalPrefix(pattern));
    if (!interests.wantKeys(bucket, pattern)) {
      const text = `too many patterns are watched already to add ${pattern}; one wider pattern may take the place of several`;
      if (isLeader) this.#refuse(reply, "OVERLOADED", text);
      return;
    }
    heard();
    if (isLeader) this.#answer(reply, { seconds: keyInterestMs / 1000 });
  }

  #refuse(reply: string | undefined, code: ErrorCode, message: string): void {
    const { retryable, outcome } = errorTable[code];
    const status = code === "OVERLOADED" ? "429" : "400";
    this.#answer(
      reply,
      { error: { code, message, retryable, outcome } },
      {
        "Nats-Service-Error-Code": status,
        "Nats-Service-Error": `${code}: ${oneLine(message)}`,
      },
    );
  }

  #answer(
    reply: string | undefined,
    body: unknown,
    headers?: Readonly<Record<string, string>>,
  ): void {
    if (reply === undefined) return;
    const options = headers === undefined ? {} : { headers };
    try {
      this.#options.transport.publish(reply, Buffer.from(JSON.stringify(body)), options);
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      this.#options.drops.count(`answer not sent: ${failure.code}`);
    }
  }
}

/** Throws what is wrong with the request. */
function patternOf(bucket: string, payload: Uint8Array): string {
  if (!isBucketName(bucket)) {
    throw new SynodError("BAD_BUCKET", `${JSON.stringify(bucket)} is no name of a bucket`);
  }
  if (payload.length === 0) return allKeys;
  if (payload.length > bodyBytesMax) {
    throw badRequest(`a body of ${payload.length} bytes, at most ${bodyBytesMax} are read`);
  }
  const { key = allKeys, ...rest } = fieldsOf(payload);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw badRequest(`the body has no field ${JSON.stringify(unknown)}`);
  if (typeof key !== "string") throw badRequest("`key` is no text");
  if (key.length > keyBytesMax)
    throw badRequest(`\`key\` is longer than ${keyBytesMax} characters`);
  requireSubscribeSubject(key);
  return key;
}

function fieldsOf(payload: Uint8Array): Readonly<Record<string, unknown>> {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    throw badRequest("the body is no JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest("the body is no JSON object");
  }
  return body as Record<string, unknown>;
}

function badRequest(what: string): SynodError {
  return new SynodError("BAD_REQUEST", `${what}; write nothing, or {"key": "config.>"}`);
}

/** What every key that fits begins with. */
function literalPrefix(pattern: string): string {
  if (isPublishSubject(pattern)) return pattern;
  return pattern.slice(0, pattern.search(/[*>]/));
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}
