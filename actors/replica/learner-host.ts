/** Hosts a replica's learner: has chosen entries applied, and serves the log to those who miss some. */
import { learnerActor } from "../../machines/learner/learner-rules.ts";
import type {
  Learner,
  LearnerEffect,
  LearnerEvent,
} from "../../machines/learner/learner-memory.ts";
import { Actor, type HostOptions } from "../actor.ts";
import type { Applier } from "./applier.ts";
import type { Links } from "./links.ts";
import type { LogService } from "./log-service.ts";

export interface LearnerHostOptions {
  readonly group: string;
  readonly memory: Learner;
  readonly host: HostOptions;
  readonly links: Links;
  readonly applier: Applier;
  readonly logService: LogService;
  /** Applied state has caught up with what was durable at the start. */
  readonly ready: () => void;
  readonly needsSnapshot: () => void;
}

export type LearnerHost = Actor<LearnerEvent, LearnerEffect, Learner>;

export function hostLearner(options: LearnerHostOptions): LearnerHost {
  const { group, memory, host, links, applier, logService } = options;

  const perform = (effect: LearnerEffect): void => {
    switch (effect.type) {
      case "send":
        return links.send(effect.to, effect.message);
      case "apply":
        return applier.applyThrough(effect.through);
      case "serveLog":
        return links.send(effect.to, logService.answer(effect));
      case "install":
        return links.toAcceptor(effect);
      case "recordChosen":
        return links.toAcceptor(effect);
      case "caughtUp":
        return links.toProposer({ ...effect, ...links.now() });
      case "ready":
        return options.ready();
      case "needsSnapshot":
        return options.needsSnapshot();
      case "deadline":
        return actor.setDeadline(effect.name, effect.atMs);
    }
  };

  const actor: LearnerHost = new Actor({
    ...host,
    name: `${group}/learner`,
    logic: learnerActor,
    memory,
    perform,
  });
  return actor;
}
