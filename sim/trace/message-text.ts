/** What is in a message of the simulated network, in a few words. */
import { EntryDecoder } from "../../infra/codec/entry-codec.ts";
import { FeedDecoder } from "../../infra/codec/feed-codec.ts";
import { replyKind, requestKind } from "../../infra/codec/formats.ts";
import { decodePeerMessage, type PeerMessage } from "../../infra/codec/peer-codec.ts";
import { ReplyDecoder } from "../../infra/codec/reply-codec.ts";
import { RequestDecoder } from "../../infra/codec/request-decoder.ts";
import { peekRequest } from "../../infra/codec/request-envelope.ts";
import { decodeRoute } from "../../infra/codec/route-codec.ts";
import type { SimulatedMessage } from "../../infra/transport/simulated-transport.ts";
import { entryKind } from "../../kv/entry.ts";
import type { Ballot, MemberId } from "../../machines/ballot.ts";
import { operationsText } from "./operation-text.ts";

/**
 * `protocol` is what replicas agree by; `beat` what they say again and again while nothing happens; `client` what
 * clients and nodes say to each other; `feed` what watches are told; `other` the rest.
 */
export type MessageKind = "protocol" | "beat" | "client" | "feed" | "other";

export interface MessageText {
  readonly kind: MessageKind;
  /** Undefined where it belongs to none, or does not say. */
  readonly group: string | undefined;
  /** Slots of that group that it is about. */
  readonly slots: readonly number[];
  /** Type, or verb. */
  readonly title: string;
  readonly text: string;
}

/** How a member is called, who is known by its number in messages. */
export type NodeOf = (member: MemberId) => string;

const beats = new Set(["heartbeat", "heartbeatAcked", "hello", "helloAnswer", "nodeReport"]);
const bodyCharactersMax = 60;

export class MessageReader {
  readonly #entries = new EntryDecoder();
  readonly #requests = new RequestDecoder();
  readonly #replies = new ReplyDecoder();
  readonly #feeds = new FeedDecoder();
  readonly #nodeOf: NodeOf;

  constructor(nodeOf: NodeOf) {
    this.#nodeOf = nodeOf;
  }

  read(message: SimulatedMessage): MessageText {
    const tokens = message.subject.split(".");
    try {
      if (tokens[1] === "p") return this.#peer(message.payload);
      if (tokens[1] === "api") return this.#request(message.payload);
      if (tokens[1] === "feed") return this.#feed(tokens[2], message.payload);
      if (tokens[0] === "_INBOX") return this.#reply(message);
      if (tokens[1] === "kv") return raw(tokens, message);
    } catch (error) {
      const text = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      return { kind: "other", group: undefined, slots: [], title: message.subject, text };
    }
    const text = `${message.payload.length} bytes`;
    return { kind: "other", group: undefined, slots: [], title: message.subject, text };
  }

  #peer(payload: Uint8Array): MessageText {
    const { envelope, message } = decodePeerMessage(payload);
    if (message.type === "forward") {
      // It belongs to the group that the frame is for, whatever replica passes it on.
      const { group, text } = this.#requestText(message.frame);
      return { kind: "client", group, slots: [], title: "forward", text };
    }
    const kind = beats.has(message.type) ? "beat" : "protocol";
    const { slots, text } = this.#peerText(message);
    return { kind, group: envelope.group || undefined, slots, title: message.type, text };
  }

  #peerText(message: PeerMessage): { readonly slots: readonly number[]; readonly text: string } {
    switch (message.type) {
      case "preVote":
        return plain(`attempt ${message.attempt}, knows chosen through ${message.watermark}`);
      case "preVoted": {
        const { attempt, granted, chosenThrough } = message;
        return plain(
          `attempt ${attempt} ${granted ? "granted" : "refused"}, chosen through ${chosenThrough}`,
        );
      }
      case "prepare":
        return plain(`${this.#ballot(message.ballot)} from slot ${message.fromSlot}`);
      case "promised": {
        const { ballot, chunk, chunks, records, chosenThrough } = message;
        const part = chunks > 1 ? `, part ${chunk} of ${chunks}` : "";
        const slots = records.map(({ slot }) => slot);
        const held = records
          .map((record) => `${record.slot} at ${this.#ballot(record.ballot)}`)
          .join(", ");
        const text = `${this.#ballot(ballot)}, chosen through ${chosenThrough}${part}, accepted: ${held || "nothing"}`;
        return { slots, text };
      }
      case "rejected": {
        const { ballot, promised, leaseRemainingMs } = message;
        const why =
          leaseRemainingMs > 0
            ? `a lease stands for ${Math.round(leaseRemainingMs)} ms`
            : `promised ${this.#ballot(promised)}`;
        return plain(`${this.#ballot(ballot)}: ${why}`);
      }
      case "accept": {
        const { ballot, slot, commitIndex, entry } = message;
        const text = `slot ${slot} at ${this.#ballot(ballot)}, chosen through ${commitIndex}: ${this.#entry(entry)}`;
        return { slots: [slot], text };
      }
      case "accepted": {
        const { ballot, slots, chosenThrough } = message;
        const text = `${slotsText(slots)} at ${this.#ballot(ballot)}, chosen through ${chosenThrough}`;
        return { slots, text };
      }
      case "heartbeat": {
        const { ballot, beat, commitIndex } = message;
        return plain(`${beat} of ${this.#ballot(ballot)}, chosen through ${commitIndex}`);
      }
      case "heartbeatAcked": {
        const { ballot, beat, appliedThrough } = message;
        return plain(`${beat} of ${this.#ballot(ballot)}, applied through ${appliedThrough}`);
      }
      case "learnRequest":
        return plain(`slots ${message.fromSlot} to ${message.throughSlot}`);
      case "learned": {
        const slots = message.slots.map(({ slot }) => slot);
        return { slots, text: `${slotsText(slots)}, chosen through ${message.chosenThrough}` };
      }
      case "handOver":
        return plain(`ends ${this.#ballot(message.ballot)}`);
      default:
        return plain("");
    }
  }

  #request(payload: Uint8Array): MessageText {
    const { group, text } = this.#requestText(payload);
    return { kind: "client", group, slots: [], title: "request", text };
  }

  #requestText(payload: Uint8Array): { readonly group: string | undefined; readonly text: string } {
    const envelope = peekRequest(payload);
    if (envelope.kind === requestKind.write) {
      const { operations, number } = this.#requests.logged(payload);
      return { group: envelope.group, text: `frame ${number}: ${operationsText(operations)}` };
    }
    if (envelope.kind === requestKind.read) {
      const frame = this.#requests.readFrame(payload);
      const text = "problem" in frame ? frame.problem : operationsText(frame.operations);
      return { group: envelope.group, text: `read ${envelope.number}: ${text}` };
    }
    if (envelope.kind === requestKind.route) return { group: undefined, text: "asks for the way" };
    if (envelope.kind === requestKind.interest) {
      return { group: envelope.group, text: "wants the feed" };
    }
    return { group: undefined, text: envelope.problem };
  }

  #reply({ payload, headers }: SimulatedMessage): MessageText {
    const reply = this.#replies.decode(payload);
    const about = { kind: "client", slots: [], title: "reply" } as const;
    if (reply.kind === "malformed") {
      const error = headers?.["Nats-Service-Error"];
      const text = error ?? routeText(payload) ?? bodyText(payload);
      return { ...about, group: undefined, text };
    }
    const { group, number } = reply;
    if (reply.kind === replyKind.executed) {
      const { slot } = reply;
      return { ...about, group, slots: [slot], text: `to ${number}: done at slot ${slot}` };
    }
    const hint = reply.hint === undefined ? "" : `, try ${reply.hint}`;
    return { ...about, group, text: `to ${number}: ${reply.code}, ${reply.outcome}${hint}` };
  }

  #feed(group: string | undefined, payload: Uint8Array): MessageText {
    const feed = this.#feeds.decode(payload);
    const text =
      "problem" in feed
        ? feed.problem
        : `slot ${feed.slot}: ${feed.changes.length} changes, resolved ${feed.resolved}`;
    const slots = "problem" in feed ? [] : [feed.slot];
    return { kind: "feed", group, slots, title: "feed", text };
  }

  #ballot({ round, member }: Ballot): string {
    return `ballot ${round} of ${this.#nodeOf(member)}`;
  }

  #entry(bytes: Uint8Array): string {
    const entry = this.#entries.decode(bytes);
    if (entry.kind === entryKind.noOp) return "nothing";
    if (entry.kind === entryKind.tick) return "a tick";
    if (entry.kind === entryKind.watermark) return `history ends at ${entry.watermark}`;
    return operationsText(entry.frames.flatMap(({ operations }) => operations));
  }
}

export function slotsText(slots: readonly number[]): string {
  const [first] = slots;
  const last = slots.at(-1);
  if (first === undefined || last === undefined) return "no slot";
  if (first === last) return `slot ${first}`;
  const isRun = last - first === slots.length - 1;
  return isRun ? `slots ${first} to ${last}` : `slots ${slots.join(", ")}`;
}

function plain(text: string): { readonly slots: readonly number[]; readonly text: string } {
  return { slots: [], text };
}

function raw(tokens: readonly string[], { payload, headers }: SimulatedMessage): MessageText {
  const [, , bucket, verb, ...key] = tokens;
  const named = Object.entries(headers ?? {}).map(([name, value]) => `, ${name} ${value}`);
  const kind = verb === "watch" || verb === "interest" ? "feed" : "client";
  const target = [bucket === "default" ? "" : `${bucket}/`, key.join(".")].join("");
  const text = `${target} ${bodyText(payload)}${named.join("")}`.trim();
  return { kind, group: undefined, slots: [], title: `raw ${verb ?? ""}`, text };
}

function routeText(payload: Uint8Array): string | undefined {
  try {
    return `the way, version ${decodeRoute(payload).version}`;
  } catch {
    return undefined;
  }
}

function bodyText(payload: Uint8Array): string {
  const text = Buffer.from(payload).toString("utf8");
  if (!/^[\x20-\x7e]*$/.test(text)) return `${payload.length} bytes`;
  return text.length > bodyCharactersMax ? `${text.slice(0, bodyCharactersMax)}…` : text;
}
