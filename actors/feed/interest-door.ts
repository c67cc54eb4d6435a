/**
 * Where interest in watch subjects is heard: `<prefix>.kv.<bucket>.interest`. Every node takes note, whoever leads; the
 * leader of the group that owns the first key the pattern can mean answers.
 */
import { errorAnswer, type RawAnswer } from "../../infra/codec/raw/raw-answer.ts";
import { DocumentReader } from "../../infra/codec/raw/raw-document.ts";
import { isPacked } from "../../infra/codec/raw/raw-headers.ts";
import { RawSubjects, requireBucket } from "../../infra/codec/raw/raw-subject.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { isInboxSubject, requireSubscribeSubject } from "../../infra/transport/subject.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import { bucketSeparator } from "../../kv/internal-key.ts";
import { keyBytesMax } from "../../kv/limits.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { DropCounts } from "../drop-counts.ts";
import { Endpoint } from "../raw/endpoint.ts";
import type { Replica } from "../replica/replica.ts";
import { interestSubject } from "../subjects.ts";
import { keyInterestMs, type Interests } from "./interests.ts";

export interface InterestDoorOptions {
  readonly transport: Transport;
  readonly prefix: string;
  readonly clock: Clock;
  readonly interests: Interests;
  readonly drops: DropCounts;
  readonly replicas: () => Iterable<Replica>;
}

const allKeys = ">";
const example = '{"key":"config.>"}';
const accepted: RawAnswer = { body: Buffer.from(`{"seconds":${keyInterestMs / 1000}}`) };

export class InterestDoor {
  readonly endpoint: Endpoint;
  readonly #options: InterestDoorOptions;
  readonly #subjects: RawSubjects;

  constructor(options: InterestDoorOptions) {
    const { prefix } = options;
    this.#options = options;
    this.#subjects = new RawSubjects(prefix);
    this.endpoint = new Endpoint("interest", interestSubject(prefix, "*"));
  }

  listen(): void {
    this.#options.transport.subscribe(this.endpoint.subject, (message) => this.#take(message));
  }

  #take(message: InboundMessage): void {
    const { drops, clock } = this.#options;
    const { reply } = message;
    if (reply !== undefined && !isInboxSubject(reply)) {
      return drops.count("request without an inbox to answer to");
    }
    const arrivedMs = clock.monotonicMs();
    const bucket = this.#subjects.bucketOf(message.subject);
    let first = bucket + bucketSeparator;
    let answer = accepted;
    let error: string | undefined;
    try {
      requireBucket(bucket);
      const pattern = patternOf(message);
      first += literalPrefix(pattern);
      this.#want(bucket, pattern);
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      answer = errorAnswer(failure, isPacked(message));
      error = `${failure.code}: ${failure.message}`;
    }
    if (!this.#leads(first)) return;
    const processingMs = clock.monotonicMs() - arrivedMs;
    if (error === undefined) this.endpoint.answered(processingMs);
    else this.endpoint.failed(processingMs, error);
    if (reply !== undefined) this.#publish(reply, answer);
  }

  #want(bucket: string, pattern: string): void {
    const { interests, replicas } = this.#options;
    if (!interests.wantKeys(bucket, pattern)) {
      throw new SynodError(
        "OVERLOADED",
        `too many patterns are watched already to add ${pattern}`,
        {
          nextStep: "Ask for one wider pattern in the place of several, or ask again later.",
        },
      );
    }
    for (const replica of replicas()) replica.interestHeard();
  }

  #leads(key: InternalKey): boolean {
    for (const { leads, regions } of this.#options.replicas()) {
      if (leads && regions.owns(key)) return true;
    }
    return false;
  }

  #publish(reply: string, { body, headers }: RawAnswer): void {
    try {
      this.#options.transport.publish(reply, body, headers === undefined ? undefined : { headers });
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      this.#options.drops.count(`answer not sent: ${failure.code}`);
    }
  }
}

/** Throws what is wrong with the request. */
function patternOf(message: InboundMessage): string {
  const reader = new DocumentReader(isPacked(message));
  const fields = reader.read(message.payload, { key: "text" });
  reader.finish("request for watch subjects", example);
  const pattern = reader.text(fields, "key") ?? allKeys;
  if (pattern.length > keyBytesMax) {
    throw new SynodError("BAD_KEY", `a pattern of ${pattern.length} bytes where keys have 1,024`);
  }
  requireSubscribeSubject(pattern);
  return pattern;
}

/** What every key that fits begins with. */
function literalPrefix(pattern: string): string {
  const wildcard = pattern.search(/[*>]/);
  return wildcard < 0 ? pattern : pattern.slice(0, wildcard);
}
