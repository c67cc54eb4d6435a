/**
 * The door for clients: takes frames from their subjects, hands each to the replica of the group it names, or passes
 * it on, whole and once, to the node that leads that group.
 */
import { ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import { replyKind, requestKind, consistency } from "../../infra/codec/formats.ts";
import { encodeRoute } from "../../infra/codec/route-codec.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { RequestDecoder } from "../../infra/codec/request-decoder.ts";
import {
  peekRequest,
  type ReadEnvelope,
  type WriteEnvelope,
} from "../../infra/codec/request-envelope.ts";
import { errorTable, type ErrorCode } from "../../infra/errors/error-table.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import type { DropCounts } from "../drop-counts.ts";
import type { Endpoint } from "../raw/endpoint.ts";
import type { Replica } from "../replica/replica.ts";
import type { StopReason } from "../../infra/status/stop-reason.ts";
import { isInboxSubject } from "../../infra/transport/subject.ts";
import { adminSubject, apiSubject, nodeApiSubject } from "../subjects.ts";
import type { RouteBook } from "./route-book.ts";

export interface GatewayOptions {
  readonly transport: Transport;
  readonly prefix: string;
  readonly node: string;
  readonly drops: DropCounts;
  readonly clock: Clock;
  /** Counts what comes to this node's own subject. */
  readonly endpoint: Endpoint;
  /** A larger frame fits into no entry, nor into a message to the leader. */
  readonly frameBytesMax: number;
  readonly routes: RouteBook;
  readonly replicaOf: (group: string) => Replica | undefined;
  /** Why this node takes no part in the cluster, if it does not. */
  readonly barred: () => StopReason | undefined;
  readonly forward: (to: string, frame: Uint8Array, reply: string) => void;
  /** Somebody wants to hear of a group's changes. */
  readonly feedWanted: (clusterId: string, group: string) => void;
  readonly statusAsked: (reply: string) => void;
  readonly regionsAsked: (reply: string) => void;
  /** This node's own status, as JSON. */
  readonly nodeStatus: () => Readonly<Record<string, unknown>>;
  readonly inspectAsked: (reply: string, request: Uint8Array) => void;
}

/** A longer reply subject leaves no room for a frame that is passed on. */
const replyBytesMax = 1024;

const leavesAtOnce = { atOnce: true } as const;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #encoder = new ReplyEncoder();
  readonly #decoder = new RequestDecoder();
  #draining = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  listen(): void {
    const { prefix, node, statusAsked, regionsAsked, nodeStatus, inspectAsked } = this.#options;
    this.#options.transport.subscribe(apiSubject(prefix), (message) => this.#asked(message));
    this.#on(nodeApiSubject(prefix, node), (payload, reply) => this.#takeCounted(payload, reply));
    this.#on(adminSubject(prefix, "status"), (_, reply) => statusAsked(reply));
    this.#on(adminSubject(prefix, "regions"), (_, reply) => regionsAsked(reply));
    this.#on(adminSubject(prefix, "node"), (_, reply) =>
      this.deliver(reply, Buffer.from(JSON.stringify(nodeStatus()))),
    );
    this.#on(adminSubject(prefix, "inspect"), (payload, reply) => inspectAsked(reply, payload));
  }

  /** No frame is taken any more; clients turn to other nodes. */
  drain(): void {
    this.#draining = true;
  }

  /**
   * Never throws: whoever answers must not be stopped by a message that the server does not take. The client hears
   * nothing then, and says of its operations that their outcome is unknown.
   */
  deliver(reply: string, bytes: Uint8Array, atOnce = false): void {
    try {
      this.#options.transport.publish(reply, bytes, atOnce ? leavesAtOnce : undefined);
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      this.#options.drops.count(`answer not sent: ${failure.code}`);
    }
  }

  #takeCounted(payload: Uint8Array, reply: string): void {
    const { clock, endpoint } = this.#options;
    const begunMs = clock.monotonicMs();
    this.take(payload, reply, false);
    endpoint.answered(clock.monotonicMs() - begunMs);
  }

  /** A frame from a client, or one that another node passed on because it believes that this one leads. */
  take(payload: Uint8Array, reply: string, forwarded: boolean): void {
    const envelope = peekRequest(payload);
    if (envelope.kind === "malformed") {
      return this.#refuse(reply, 0, "", "BAD_REQUEST", envelope.problem);
    }
    if (envelope.kind === requestKind.route) return this.#answerRoute(reply);
    if (envelope.kind === requestKind.interest) {
      return this.#options.drops.count("interest on a node's own subject");
    }
    const hindrance = this.#hindrance();
    if (hindrance !== undefined) {
      return this.#refuse(reply, envelope.number, envelope.group, "UNAVAILABLE", hindrance);
    }
    const { frameBytesMax } = this.#options;
    if (payload.length > frameBytesMax) {
      const message = `a frame of ${payload.length} bytes exceeds ${frameBytesMax}`;
      return this.#refuse(reply, envelope.number, envelope.group, "FRAME_TOO_LARGE", message);
    }
    const replica = this.#options.replicaOf(envelope.group);
    if (envelope.kind === requestKind.read && this.#isAnsweredHere(envelope, replica)) {
      return this.#read(payload, envelope, replica, reply);
    }
    if (envelope.kind === requestKind.write && replica?.leads === true) {
      return replica.write(Buffer.from(payload), envelope, reply);
    }
    this.#passOn(payload, envelope, replica, reply, forwarded);
  }

  /** A frame that another node passed on; it has looked at the reply subject, and so does this one. */
  takeForwarded(payload: Uint8Array, reply: string): void {
    if (isInboxSubject(reply)) this.take(payload, reply, true);
    else this.#options.drops.count("request without an inbox to answer to");
  }

  /** Why this node takes no frames at all; what it passed on would not be listened to either. */
  #hindrance(): string | undefined {
    const { node, barred } = this.#options;
    if (this.#draining) return `node ${node} is stopping`;
    const reason = barred();
    if (reason === undefined) return undefined;
    return `node ${node} takes no part in the cluster: ${reason.code}: ${reason.text}`;
  }

  #on(subject: string, take: (payload: Uint8Array, reply: string) => void): void {
    this.#options.transport.subscribe(subject, (message) => {
      const reply = this.#replyOf(message);
      if (reply !== undefined) take(message.payload, reply);
    });
  }

  /** Elsewhere than in an inbox an answer could pass for a message of this node. */
  #replyOf({ reply }: InboundMessage): string | undefined {
    if (reply !== undefined && reply.length <= replyBytesMax && isInboxSubject(reply)) return reply;
    this.#options.drops.count("request without an inbox to answer to");
    return undefined;
  }

  /** On the shared subject every node hears the question; only what any node may answer is answered. */
  #asked(message: InboundMessage): void {
    const envelope = peekRequest(message.payload);
    if (envelope.kind === requestKind.interest) {
      return this.#options.feedWanted(envelope.clusterId, envelope.group);
    }
    const reply = this.#replyOf(message);
    if (reply === undefined) return;
    if (envelope.kind === requestKind.route) return this.#answerRoute(reply);
    this.#options.drops.count("frame on the shared subject");
  }

  #answerRoute(reply: string): void {
    const route = this.#options.routes.route();
    if (route !== undefined) this.deliver(reply, encodeRoute(route));
  }

  #isAnsweredHere(envelope: ReadEnvelope, replica: Replica | undefined): replica is Replica {
    if (replica === undefined) return false;
    return replica.leads || envelope.consistency === consistency.stale;
  }

  #read(payload: Uint8Array, envelope: ReadEnvelope, replica: Replica, reply: string): void {
    const frame = this.#decoder.readFrame(payload);
    if ("problem" in frame) {
      return this.#refuse(reply, envelope.number, envelope.group, "BAD_REQUEST", frame.problem);
    }
    replica.read(frame, reply);
  }

  #passOn(
    payload: Uint8Array,
    envelope: WriteEnvelope | ReadEnvelope,
    replica: Replica | undefined,
    reply: string,
    forwarded: boolean,
  ): void {
    const { node, routes, forward } = this.#options;
    const { number, group } = envelope;
    const leader = routes.leaderOf(group);
    if (!forwarded && leader !== undefined && leader !== node) {
      return forward(leader, payload, reply);
    }
    if (replica !== undefined) return replica.refuseForLackOfLeader(number, reply);
    if (!routes.informed) {
      const message = `node ${node} has not heard yet which groups the cluster has`;
      return this.#refuse(reply, number, group, "UNAVAILABLE", message);
    }
    if (!routes.knows(group)) {
      const message = `the cluster has no store group ${group}`;
      return this.#refuse(reply, number, group, "WRONG_REGION", message);
    }
    const message = `no leader of group ${group} is known on node ${node}`;
    this.#refuse(reply, number, group, "NOT_LEADER", message);
  }

  #refuse(reply: string, number: number, group: string, code: ErrorCode, message: string): void {
    const { outcome } = errorTable[code];
    this.#options.endpoint.noteError(`${code}: ${message}`);
    const refusal = { kind: replyKind.refused, number, group, code, message, outcome } as const;
    this.deliver(reply, this.#encoder.encode({ ...refusal, hint: undefined }));
  }
}
