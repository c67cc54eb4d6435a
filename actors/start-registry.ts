/**
 * The newest start of every store this node has heard of. Messages of an earlier start are late and dropped. A start
 * that comes after the one known here must show that its store knows that one too: else the store was copied back.
 */
import type { LogStore } from "../infra/log-store/log-store.ts";
import { canHaveHad, type Start } from "../machines/node/start.ts";

/** `unintroduced`: new here, and nothing shows yet that its store knows of the start before it. */
export type StartVerdict = "current" | "late" | "copied" | "unintroduced";

export class StartRegistry {
  readonly #store: Pick<LogStore, "recordPeer">;
  readonly #storageFailed: (failure: Error) => void;
  readonly #starts = new Map<number, Start>();

  constructor(
    store: Pick<LogStore, "recordPeer" | "peers">,
    storageFailed: (failure: Error) => void,
  ) {
    this.#store = store;
    this.#storageFailed = storageFailed;
    for (const start of store.peers()) this.#starts.set(start.member, start);
  }

  met(member: number): Start | undefined {
    return this.#starts.get(member);
  }

  /** Judges a message by the start it says it comes from. `earlier` is what an introduction says of those before. */
  judge(
    { member, incarnation, start }: Start,
    earlier: readonly number[] | undefined,
  ): StartVerdict {
    const met: Start = { member, incarnation, start };
    const known = this.#starts.get(member);
    if (known === undefined) return this.#remember(met);
    if (incarnation < known.incarnation) return "late";
    if (incarnation === known.incarnation) return start === known.start ? "current" : "copied";
    if (earlier === undefined) return "unintroduced";
    return canHaveHad({ ...met, earlier }, known) ? this.#remember(met) : "copied";
  }

  #remember(met: Start): StartVerdict {
    this.#starts.set(met.member, met);
    this.#store.recordPeer(met, (failure) => {
      if (failure !== undefined) this.#storageFailed(failure);
    });
    return "current";
  }
}
