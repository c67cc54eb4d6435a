/** Hosts a replica's acceptor: carries its appends to the disk and its answers to whom they belong. */
import type { Durable, LogStore } from "../../infra/log-store/log-store.ts";
import { acceptorActor } from "../../machines/acceptor/acceptor-rules.ts";
import type {
  Acceptor,
  AcceptorEffect,
  AcceptorEvent,
} from "../../machines/acceptor/acceptor-memory.ts";
import type { LogAppend } from "../../machines/record.ts";
import { Actor, type HostOptions } from "../actor.ts";
import type { Freshness } from "./freshness.ts";
import type { Links } from "./links.ts";

export type Committed = Extract<AcceptorEffect, { readonly type: "committed" }>;

export interface AcceptorHostOptions {
  readonly group: string;
  readonly memory: Acceptor;
  readonly host: HostOptions;
  readonly links: Links;
  readonly store: LogStore;
  readonly freshness: Freshness;
  readonly appliedThrough: () => number;
  /** This node leads the group. */
  readonly leads: () => boolean;
  /** Another member, which leads, said so. */
  readonly committed: (committed: Committed) => void;
  readonly voting: () => void;
  readonly trimmed: (through: number) => void;
  /** An append has begun. */
  readonly appending: () => void;
  /** An append is on disk, and whoever waited for it is answered. */
  readonly appended: () => void;
}

export type AcceptorHost = Actor<AcceptorEvent, AcceptorEffect, Acceptor>;

export function hostAcceptor(options: AcceptorHostOptions): AcceptorHost {
  const { group, memory, host, links, store, freshness } = options;

  const append = (sequence: number, change: LogAppend): void => {
    options.appending();
    const durable: Durable = (failure, moreFollow) => {
      if (failure !== undefined) return links.storageFailed(failure);
      // The sequence of the last one says it for all of them.
      if (moreFollow !== true) actor.post({ type: "durable", sequence });
      options.appended();
      if (change.trimThrough !== undefined) options.trimmed(change.trimThrough);
    };
    // The others' disks are a quorum without a leader's own, should that be slow.
    store.append(group, change, durable, options.leads());
  };

  const perform = (effect: AcceptorEffect): void => {
    switch (effect.type) {
      case "send":
        return links.send(effect.to, effect.message);
      case "append":
        return append(effect.sequence, effect.change);
      case "deadline":
        return actor.setDeadline(effect.name, effect.atMs);
      case "voting":
        return options.voting();
      case "leaderSeen":
        freshness.note(effect.commitIndex, effect.asOfMs, options.appliedThrough());
        return links.toProposer({
          type: "leaderSeen",
          ballot: effect.ballot,
          node: effect.node,
          ...links.now(),
        });
      case "committed":
        return options.committed(effect);
      case "chosenDurable":
        return links.toCheckpointer({ ...effect, ...links.now() });
      case "installed":
        return links.toLearner({ ...effect, ...links.now() });
      case "checksumAgreed":
        return links.toLearner(effect);
      case "report":
        return links.report(effect.what, effect.details);
    }
  };

  const actor: AcceptorHost = new Actor({
    ...host,
    name: `${group}/acceptor`,
    logic: acceptorActor,
    memory,
    perform,
  });
  return actor;
}
