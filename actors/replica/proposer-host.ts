/** Hosts a replica's proposer: its messages go out, and its reign opens and closes intake and reads. */
import { proposerActor } from "../../machines/proposer/proposer-rules.ts";
import type { ProposerEffect, ProposerEvent } from "../../machines/proposer/proposer-events.ts";
import type { Proposer } from "../../machines/proposer/proposer-memory.ts";
import { Actor, type HostOptions } from "../actor.ts";
import type { Links } from "./links.ts";

export interface ProposerHostOptions {
  readonly group: string;
  readonly node: string;
  readonly memory: Proposer;
  readonly host: HostOptions;
  readonly links: Links;
  /** Others are asked whether this replica could lead; it does not yet. */
  readonly campaigning: () => void;
  /** New proposals and reads may begin. */
  readonly serving: () => void;
  readonly stoppedServing: () => void;
  /** Open proposals have an unknown outcome from here on. */
  readonly inFlightAbandoned: () => void;
  /** The lease was renewed, or a read round confirmed. */
  readonly confirmed: () => void;
}

export type ProposerHost = Actor<ProposerEvent, ProposerEffect, Proposer>;

export function hostProposer(options: ProposerHostOptions): ProposerHost {
  const { group, node, memory, host, links } = options;

  const perform = (effect: ProposerEffect): void => {
    switch (effect.type) {
      case "send":
        return links.send(effect.to, effect.message);
      case "broadcast":
        if (effect.message.type === "preVote") options.campaigning();
        return links.broadcast(effect.message, effect.includingSelf);
      case "deadline":
        return actor.setDeadline(effect.name, effect.atMs);
      case "chosen": {
        const { ballot, through } = effect;
        return links.toLearner({
          type: "committed",
          ballot,
          through,
          node,
          nowMs: links.now().nowMs,
        });
      }
      case "learn":
        return links.toLearner({ ...effect, ...links.now() });
      case "serving":
        return options.serving();
      case "stoppedServing":
        return options.stoppedServing();
      case "inFlightAbandoned":
        return options.inFlightAbandoned();
      case "confirmed":
        return options.confirmed();
      case "report":
        return links.report(effect.what, effect.details);
    }
  };

  const actor: ProposerHost = new Actor({
    ...host,
    name: `${group}/proposer`,
    logic: proposerActor,
    memory,
    perform,
  });
  return actor;
}
