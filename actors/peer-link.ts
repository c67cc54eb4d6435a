/**
 * A node's link to the other nodes: gives messages their envelope and subject, and lets in only those of this cluster,
 * from a known node, from that store's newest start.
 */
import {
  decodePeerMessage,
  encodePeerMessage,
  type Envelope,
  type PeerMessage,
} from "../infra/codec/peer-codec.ts";
import { MalformedMessage } from "../infra/codec/positional.ts";
import { OtherFormat } from "../infra/codec/peer-codec.ts";
import type { Clock } from "../infra/clock/clock.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import type { InboundMessage, Transport } from "../infra/transport/transport.ts";
import type { Sender } from "../machines/messages.ts";
import type { Start } from "../machines/node/start.ts";
import type { Timed } from "./actor.ts";
import type { DropCounts } from "./drop-counts.ts";
import type { StartRegistry, StartVerdict } from "./start-registry.ts";
import { groupSubject, nodeSubject, senderOf } from "./subjects.ts";

/** What a group's envelope says once the group is born. */
export interface GroupIdentity {
  readonly clusterId: string;
  readonly epoch: number;
}

export interface PeerLinkOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly prefix: string;
  readonly clusterName: string;
  readonly self: string;
  readonly start: Start;
  /** All nodes of the cluster. */
  readonly nodes: readonly string[];
  readonly groups: readonly string[];
  readonly starts: StartRegistry;
  readonly drops: DropCounts;
  /** Undefined until the group is born here. */
  readonly identityOf: (group: string) => GroupIdentity | undefined;
  readonly receive: (message: PeerMessage, group: string, from: Sender, times: Timed) => void;
}

/** A leader's own acceptor has its turn behind it. */
const atOnce = { atOnce: true } as const;

/** Before a group is born its stores know the cluster only by name. */
const beforeBirth = new Set<PeerMessage["type"]>([
  "birthAsk",
  "birthAnswer",
  "birthOffer",
  "birthHeld",
  "hello",
  "helloAnswer",
]);

const dropNames: Readonly<Record<Exclude<StartVerdict, "current">, string>> = {
  late: "an earlier start's message",
  copied: "a copied store's message",
  unintroduced: "a start's message before its introduction",
};

export class PeerLink {
  readonly #options: PeerLinkOptions;
  readonly #known: ReadonlySet<string>;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#known = new Set(options.nodes);
  }

  /** Listens on the node's own subject and on those of its groups. */
  listen(): void {
    const { transport, prefix, self, groups } = this.#options;
    const subjects = [
      nodeSubject(prefix, self, "*"),
      ...groups.map((group) => groupSubject(prefix, group, "*")),
    ];
    for (const subject of subjects) {
      transport.subscribe(subject, (message) => this.#inbound(message));
    }
  }

  /** `isUrgent`: it leaves before anything else of this turn is done. */
  send(to: string, group: string, message: PeerMessage, isUrgent = false): void {
    const { prefix, self } = this.#options;
    const subject = nodeSubject(prefix, to, self);
    this.#publish(subject, group, message, isUrgent ? atOnce : undefined);
  }

  /** Published once, and at once; the NATS server copies it to every other member. */
  broadcast(group: string, message: PeerMessage): void {
    const { prefix, self } = this.#options;
    this.#publish(groupSubject(prefix, group, self), group, message, atOnce);
  }

  #publish(
    subject: string,
    group: string,
    message: PeerMessage,
    options?: { readonly atOnce: true },
  ): void {
    const { transport, start, clusterName, identityOf, drops } = this.#options;
    if (!transport.connected) return drops.count("sent while disconnected");
    const identity = identityOf(group);
    const byName = beforeBirth.has(message.type);
    if (!byName && identity === undefined) return drops.count("sent before birth");
    const envelope: Envelope = {
      cluster: byName ? clusterName : (identity?.clusterId ?? ""),
      group,
      epoch: identity?.epoch ?? 0,
      member: start.member,
      incarnation: start.incarnation,
      start: start.start,
    };
    try {
      transport.publish(subject, encodePeerMessage(envelope, message), options);
    } catch (failure) {
      // As if it had been lost. A server that came back with a smaller `max_payload` must not stop whoever speaks.
      if (!(failure instanceof SynodError)) throw failure;
      drops.count(`${message.type} not sent: ${failure.code}`);
    }
  }

  #inbound({ subject, payload }: InboundMessage): void {
    const { clock, self, drops } = this.#options;
    const node = senderOf(subject);
    if (node === self) return;
    if (!this.#known.has(node)) return drops.count("unknown sender");
    let packet;
    try {
      packet = decodePeerMessage(payload);
    } catch (error) {
      if (error instanceof OtherFormat) return drops.count(error.message);
      if (error instanceof MalformedMessage) return drops.count("malformed message");
      throw error;
    }
    const { envelope, message } = packet;
    if (!this.#isOfThisCluster(envelope, message)) return;
    if (!this.#isFromNewestStart(node, envelope, message)) return;
    const times = { nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    this.#options.receive(message, envelope.group, { node, member: envelope.member }, times);
  }

  #isOfThisCluster({ cluster, group, epoch }: Envelope, message: PeerMessage): boolean {
    const { clusterName, identityOf, drops } = this.#options;
    if (beforeBirth.has(message.type)) {
      if (cluster === clusterName) return true;
      drops.count("another cluster's name");
      return false;
    }
    const identity = identityOf(group);
    if (identity === undefined) drops.count("group not born here");
    else if (identity.clusterId !== cluster) drops.count("another cluster");
    else if (identity.epoch !== epoch) drops.count("another epoch");
    else return true;
    return false;
  }

  /**
   * Whoever speaks for another start than the newest met here is told of that one: a store that was copied back learns
   * of it by that, and one that is new here introduces itself. An introduction is let through, because it is answered
   * so in any case; so is what somebody new has met, which holds whoever says it.
   */
  #isFromNewestStart(node: string, envelope: Envelope, message: PeerMessage): boolean {
    const { starts, drops } = this.#options;
    const verdict = starts.judge(envelope, message.type === "hello" ? message.earlier : undefined);
    if (verdict === "current" || message.type === "hello") return true;
    if (verdict === "unintroduced" && message.type === "helloAnswer") return true;
    drops.count(dropNames[verdict]);
    const newest = starts.met(envelope.member);
    if (newest !== undefined) this.send(node, "", { type: "helloAnswer", ...newest });
    return false;
  }
}
