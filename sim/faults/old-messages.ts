/** Keeps some of what nodes said to each other, of every type, so that it can be said again much later. */
import type { PeerMessage } from "../../infra/codec/peer-codec.ts";

export interface OldMessage {
  readonly from: string;
  readonly subject: string;
  readonly payload: Uint8Array;
}

interface Kept {
  seen: number;
  /** So many pass for each that is kept. */
  stride: number;
  readonly messages: OldMessage[];
}

const keptMax = 64;

export class OldMessages {
  readonly #byType = new Map<PeerMessage["type"], Kept>();

  note(type: PeerMessage["type"], from: string, subject: string, payload: Uint8Array): void {
    let kept = this.#byType.get(type);
    if (kept === undefined) {
      kept = { seen: 0, stride: 1, messages: [] };
      this.#byType.set(type, kept);
    }
    kept.seen += 1;
    if (kept.seen % kept.stride !== 0) return;
    kept.messages.push({ from, subject, payload: payload.slice() });
    if (kept.messages.length < keptMax) return;
    // Half of them, from all times alike.
    const thinned = kept.messages.filter((_, index) => index % 2 === 0);
    kept.messages.splice(0, kept.messages.length, ...thinned);
    kept.stride *= 2;
  }

  /** All that are kept, by type and then by age. */
  get all(): readonly OldMessage[] {
    return [...this.#byType.values()].flatMap(({ messages }) => messages);
  }
}
