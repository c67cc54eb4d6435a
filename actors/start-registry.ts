/**
 * The highest start of every store this node has heard of. Messages of an earlier start are late and dropped; a start
 * under a number that another start already used is a copy of the store.
 */
import type { LogStore, PeerStart } from "../infra/log-store/log-store.ts";

export type StartVerdict = "current" | "late" | "copied";

export class StartRegistry {
  readonly #store: Pick<LogStore, "recordPeer">;
  readonly #storageFailed: (failure: Error) => void;
  readonly #starts = new Map<number, PeerStart>();

  constructor(
    store: Pick<LogStore, "recordPeer" | "peers">,
    storageFailed: (failure: Error) => void,
  ) {
    this.#store = store;
    this.#storageFailed = storageFailed;
    for (const start of store.peers()) this.#starts.set(start.member, start);
  }

  met(member: number): PeerStart | undefined {
    return this.#starts.get(member);
  }

  /** Judges a message by the start it says it comes from, and remembers a start that is new. */
  judge({ member, incarnation, start }: PeerStart): StartVerdict {
    const known = this.#starts.get(member);
    if (known !== undefined && incarnation < known.incarnation) return "late";
    if (known !== undefined && incarnation === known.incarnation) {
      return start === known.start ? "current" : "copied";
    }
    const met: PeerStart = { member, incarnation, start };
    this.#starts.set(member, met);
    this.#store.recordPeer(met, (failure) => {
      if (failure !== undefined) this.#storageFailed(failure);
    });
    return "current";
  }
}
