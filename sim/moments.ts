/** Moments inside of operations at which a test lets something happen: around a message, an answer, a flush. */
import { replyKind } from "../infra/codec/formats.ts";
import type { PeerMessage } from "../infra/codec/peer-codec.ts";
import { ReplyDecoder } from "../infra/codec/reply-codec.ts";

/**
 * What nodes say to each other, by type; `answer`, what one tells a client of what it has carried out; `flush`, of a node's
 * log.
 */
export type MomentName = PeerMessage["type"] | "answer" | "flush";

export interface MomentPlace {
  /** Who says it, or whose disk it is. Any node unless given. */
  readonly node?: string;
  /** The group that messages and answers belong to; a flush is for all of them. Any unless given. */
  readonly group?: string;
  /** So many of them pass first; 0 unless given. */
  readonly skip?: number;
}

/** Something that is to happen at a moment, once. */
export interface PlacedAct {
  /** The moment has come. */
  readonly happened: boolean;
  /** It is not to happen any more. */
  cancel(): void;
}

export interface Happening {
  readonly what: MomentName;
  readonly node: string;
  readonly group: string | undefined;
}

interface Placed {
  readonly when: "before" | "after";
  readonly what: MomentName;
  readonly place: MomentPlace;
  readonly act: (happening: Happening) => void;
  skips: number;
  happened: boolean;
}

export class Moments {
  readonly #replies = new ReplyDecoder();
  #placed: Placed[] = [];
  /** What is about to leave. */
  #leaving: Happening | undefined;

  place(when: Placed["when"], what: MomentName, place: MomentPlace, act: Placed["act"]): PlacedAct {
    const own: Placed = { when, what, place, act, skips: place.skip ?? 0, happened: false };
    this.#placed.push(own);
    return {
      get happened() {
        return own.happened;
      },
      cancel: () => void (this.#placed = this.#placed.filter((other) => other !== own)),
    };
  }

  leaving(what: MomentName, node: string, group: string | undefined): void {
    if (this.#placed.length === 0) return;
    const happening = { what, node, group };
    this.#leaving = happening;
    this.#happens("before", happening);
  }

  /** Refusals, and answers to questions for the way, are none to what was asked. */
  answering(node: string, payload: Uint8Array): void {
    if (this.#placed.length === 0) return;
    const reply = this.#replies.decode(payload);
    if (reply.kind === replyKind.executed) this.leaving("answer", node, reply.group);
  }

  left(): void {
    const happening = this.#leaving;
    if (happening === undefined) return;
    this.#leaving = undefined;
    this.#happens("after", happening);
  }

  flushing(when: "before" | "after", node: string): void {
    if (this.#placed.length > 0) this.#happens(when, { what: "flush", node, group: undefined });
  }

  #happens(when: Placed["when"], happening: Happening): void {
    for (const own of this.#placed) {
      const { node = happening.node, group = happening.group } = own.place;
      const isIt =
        own.when === when &&
        own.what === happening.what &&
        node === happening.node &&
        group === happening.group;
      if (!isIt || own.skips-- > 0) continue;
      this.#placed = this.#placed.filter((other) => other !== own);
      own.happened = true;
      own.act(happening);
    }
  }
}
