/**
 * The door for any NATS client: requests on subjects that name bucket, verb and key. Every node that leads a group with
 * keys, or may be about to, hears every request.
 * The leader of the group that owns the first key, and nobody else, proposes or answers; whoever does not lead there
 * finds that out from the subject and looks at nothing else. Proposals and reads wait until the leader's lease holds.
 * What it refuses is true without one: bad input is refused by whoever leads, and all else with an unknown outcome.
 */
import {
  hasMessageId,
  isPacked,
  readHeaders,
  type RawHeaders,
} from "../../infra/codec/raw/raw-headers.ts";
import { identityOf, requestHash } from "../../infra/codec/raw/raw-identity.ts";
import { readRange, type BucketRange } from "../../infra/codec/raw/raw-range.ts";
import type { RawAnswer } from "../../infra/codec/raw/raw-answer.ts";
import {
  documentVerbs,
  keyedVerbs,
  rawPattern,
  RawSubjects,
  requireBucket,
  requireSubjectKey,
  type DocumentVerb,
  type KeyedVerb,
  type RawVerb,
} from "../../infra/codec/raw/raw-subject.ts";
import { firstKeyOf, readTransaction } from "../../infra/codec/raw/raw-transaction.ts";
import { consistency, requestKind } from "../../infra/codec/formats.ts";
import { RequestEncoder, type WriteRequest } from "../../infra/codec/request-encoder.ts";
import type { RawEnvelope } from "../../infra/codec/request-envelope.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { isInboxSubject } from "../../infra/transport/subject.ts";
import type { InboundMessage, Subscription, Transport } from "../../infra/transport/transport.ts";
import {
  operationKind,
  type ReadOperation,
  type Transaction,
} from "../../kv/commands/operation.ts";
import { parseInteger } from "../../kv/execute/decimal.ts";
import { kept } from "../../kv/frame.ts";
import { bucketSeparator } from "../../kv/internal-key.ts";
import { valueBytesMax } from "../../kv/limits.ts";
import { newest } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { DropCounts } from "../drop-counts.ts";
import type { Replica } from "../replica/replica.ts";
import { Attention } from "./attention.ts";
import { Endpoint } from "./endpoint.ts";
import { RawCall, type RawCallPorts } from "./raw-call.ts";

export interface RawDoorOptions {
  readonly transport: Transport;
  readonly prefix: string;
  readonly node: string;
  readonly clock: Clock;
  readonly drops: DropCounts;
  readonly replicas: () => Iterable<Replica>;
}

/** A longer reply subject leaves no room in one line of the protocol. */
const replyBytesMax = 1024;

export class RawDoor {
  readonly endpoints: readonly Endpoint[];
  readonly #options: RawDoorOptions;
  readonly #subjects: RawSubjects;
  readonly #encoder = new RequestEncoder();
  readonly #ports: RawCallPorts;
  readonly #byVerb: ReadonlyMap<RawVerb, Endpoint>;
  readonly #attention: Attention;
  #draining = false;

  constructor(options: RawDoorOptions) {
    const { prefix } = options;
    this.#options = options;
    this.#subjects = new RawSubjects(prefix);
    this.#ports = {
      nowMs: () => options.clock.monotonicMs(),
      bytesMax: () => options.transport.payloadBytesMax,
      publish: (to, answer) => this.#publish(to, answer),
    };
    const verbs: readonly RawVerb[] = [...keyedVerbs, ...documentVerbs];
    this.#byVerb = new Map(
      verbs.map((verb) => [verb, new Endpoint(verb, rawPattern(prefix, verb))]),
    );
    this.endpoints = [...this.#byVerb.values()];
    const { clock, replicas } = options;
    this.#attention = new Attention({ clock, replicas, listen: () => this.#subscribe() });
  }

  /** From now on, for as long as this node may lead. */
  listen(): void {
    this.#attention.call();
  }

  /** A replica of this node leads or begins to campaign: it is heard what is asked of it. */
  mayLead(): void {
    this.#attention.call();
  }

  stop(): void {
    this.#attention.stop();
  }

  /** No request is taken any more. */
  drain(): void {
    this.#draining = true;
  }

  #subscribe(): Subscription[] {
    const { transport, prefix } = this.#options;
    const keyed = keyedVerbs.map((verb) =>
      transport.subscribe(rawPattern(prefix, verb), (message) => this.#keyed(verb, message)),
    );
    const documents = documentVerbs.map((verb) =>
      transport.subscribe(rawPattern(prefix, verb), (message) => this.#document(verb, message)),
    );
    return [...keyed, ...documents];
  }

  #keyed(verb: KeyedVerb, message: InboundMessage): void {
    if (!this.#leadsAnything()) return;
    const key = this.#subjects.internalKeyOf(message.subject, verb);
    const replica = this.#leaderOf(key);
    if (replica === undefined) return;
    this.#take(verb, message, false, (call) => {
      requireSubjectKey(key);
      const headers = readHeaders(message, verb);
      if (verb === "get") return this.#get(replica, key, call);
      const operation = writeOf(verb, key, headers, message.payload);
      this.#write(replica, key, operation, headers, message, call);
    });
  }

  /** The body names the keys, so every leader reads it; one that is no good belongs to the bucket's first key. */
  #document(verb: DocumentVerb, message: InboundMessage): void {
    if (!this.#leadsAnything()) return;
    const bucket = this.#subjects.bucketOf(message.subject);
    const packed = isPacked(message);
    let document: BucketRange | Transaction;
    let headers: RawHeaders;
    try {
      requireBucket(bucket);
      headers = readHeaders(message, verb);
      const read = verb === "range" ? readRange : readTransaction;
      document = read(bucket, message.payload, packed);
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      const first = bucket + bucketSeparator;
      const replica = this.#leaderOf(first);
      if (replica === undefined) return;
      return this.#take(verb, message, packed, () => raise(failure));
    }
    if (document.kind === operationKind.range) return this.#range(document, message, packed);
    this.#transaction(document, headers, message, packed);
  }

  #get(replica: Replica, key: InternalKey, call: RawCall): void {
    this.#read(replica, { kind: operationKind.get, key, at: newest }, call);
  }

  /** A page ends where the group's keys do, and its cursor leads on into the next group. */
  #range(range: BucketRange, message: InboundMessage, packed: boolean): void {
    const { start, end, reverse, keysOnly } = range;
    const isForward = !reverse || end <= start;
    const replica = this.#leaderWhere(({ regions }) =>
      isForward ? regions.owns(start) : regions.extentBefore(end) !== undefined,
    );
    if (replica === undefined) return;
    this.#take("range", message, packed, (call) => {
      const { regions } = replica;
      const ownEnd = isForward ? regions.extentFrom(start)?.end : undefined;
      const ownStart = isForward ? undefined : regions.extentBefore(end);
      const isCut = ownEnd !== undefined && ownEnd < end;
      const isCutBelow = ownStart !== undefined && ownStart > start;
      const rest = isCut ? ownEnd : isCutBelow ? ownStart : undefined;
      call.range = { reverse, keysOnly, rest };
      const own = { start: isCutBelow ? ownStart : start, end: isCut ? ownEnd : end };
      this.#read(replica, { ...range, ...own }, call);
    });
  }

  #transaction(
    transaction: Transaction,
    headers: RawHeaders,
    message: InboundMessage,
    packed: boolean,
  ): void {
    const firstKey = firstKeyOf(transaction);
    const replica = this.#leaderOf(firstKey);
    if (replica === undefined) return;
    this.#take("txn", message, packed, (call) => {
      requireOneGroup(transaction, replica);
      call.checks = transaction.checks.length;
      this.#write(replica, firstKey, transaction, headers, message, call, packed);
    });
  }

  #read(replica: Replica, operation: ReadOperation, call: RawCall): void {
    call.reads = true;
    const operations = [operation];
    replica.readFor(
      { consistency: consistency.lease, minRevision: 0, maxAgeMs: 0, operations },
      call,
    );
  }

  #write(
    replica: Replica,
    firstKey: InternalKey,
    operation: WriteRequest,
    headers: RawHeaders,
    message: InboundMessage,
    call: RawCall,
    packed = false,
  ): void {
    const { subject, payload, reply } = message;
    const { identity, kept: own } = identityOf(firstKey, headers.messageId, reply);
    const hash = own === kept.nothing ? 0 : requestHash(subject, headers, packed, payload);
    const { clusterId, group } = replica;
    const envelope: RawEnvelope = {
      kind: requestKind.raw,
      clusterId,
      group,
      identity,
      kept: own,
      firstKey,
      hash,
    };
    call.repeatable = own === kept.message;
    replica.request(
      this.#encoder.raw(envelope, operation),
      envelope,
      reply === undefined ? undefined : call,
    );
  }

  /** Bad input ends here, as the answer to whoever sent it. */
  #take(
    verb: RawVerb,
    message: InboundMessage,
    packed: boolean,
    take: (call: RawCall) => void,
  ): void {
    const { drops, node } = this.#options;
    const { reply } = message;
    // Elsewhere than in an inbox an answer could pass for a message of this node.
    if (reply !== undefined && (reply.length > replyBytesMax || !isInboxSubject(reply))) {
      return drops.count("request without an inbox to answer to");
    }
    const call = this.#callOf(verb, reply, packed);
    if (this.#draining) {
      call.reads = verb === "get" || verb === "range";
      call.repeatable = hasMessageId(message);
      const why = `node ${node} is stopping`;
      return call.refused({ code: "UNAVAILABLE", message: why, hint: undefined });
    }
    try {
      take(call);
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      const { code, message, outcome, retryable } = failure;
      call.fail({ code, message, outcome, retryable });
    }
  }

  #callOf(verb: RawVerb, reply: string | undefined, packed: boolean): RawCall {
    return new RawCall(this.#ports, this.#byVerb.get(verb) as Endpoint, reply, packed);
  }

  #publish(reply: string, { body, headers }: RawAnswer): boolean {
    const { transport, drops } = this.#options;
    try {
      transport.publish(reply, body, headers === undefined ? undefined : { headers });
      return true;
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      drops.count(`answer not sent: ${failure.code}`);
      return failure.code !== "FRAME_TOO_LARGE";
    }
  }

  #leadsAnything(): boolean {
    for (const { leads } of this.#options.replicas()) if (leads) return true;
    return false;
  }

  #leaderOf(key: InternalKey): Replica | undefined {
    for (const replica of this.#options.replicas()) {
      if (replica.leads && replica.regions.owns(key)) return replica;
    }
    return undefined;
  }

  #leaderWhere(isOwner: (replica: Replica) => boolean): Replica | undefined {
    for (const replica of this.#options.replicas()) {
      if (replica.leads && isOwner(replica)) return replica;
    }
    return undefined;
  }
}

/** Throws for a body that the verb does not take. */
function writeOf(
  verb: Exclude<KeyedVerb, "get">,
  key: InternalKey,
  { expectation, ttlMs }: RawHeaders,
  payload: Uint8Array,
): WriteRequest {
  if (verb === "delete") return { kind: operationKind.delete, key, expectation };
  if (verb === "incr") return { kind: operationKind.increment, key, delta: deltaOf(payload) };
  if (payload.length > valueBytesMax) {
    throw new SynodError("VALUE_TOO_LARGE", `a value of ${payload.length} bytes`);
  }
  return {
    kind: operationKind.put,
    key,
    source: payload,
    start: 0,
    end: payload.length,
    ttlMs,
    expectation,
  };
}

/** Decimal text, as shells send it, with a line end perhaps; nothing at all is 1. */
function deltaOf(payload: Uint8Array): number {
  const text = Buffer.from(payload.subarray(0, 32)).toString("latin1").trim();
  if (payload.length === 0 || text === "") return 1;
  const digits = Buffer.from(text.startsWith("+") ? text.slice(1) : text, "latin1");
  const delta = payload.length > 32 ? undefined : parseInteger(digits, 0, digits.length);
  if (delta !== undefined) return delta;
  throw new SynodError("BAD_REQUEST", "the body of incr is a whole number of 53 bits, or empty");
}

function requireOneGroup({ checks, operations }: Transaction, { group, regions }: Replica): void {
  const isInside = [...checks, ...operations].every((part) =>
    "key" in part ? regions.owns(part.key) : regions.ownsRange(part.start, part.end),
  );
  if (isInside) return;
  const claim = `not all keys of the transaction lie in store group ${group}, where its first one does`;
  throw new SynodError("CROSS_GROUP_TRANSACTION", claim);
}

function raise(failure: SynodError): never {
  throw failure;
}
