/** Hosts a replica's checkpointer: freezes applied state and has the state store write it. */
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import type { ReplicaState } from "../../kv/replica-state.ts";
import { checkpointerActor } from "../../machines/checkpointer/checkpointer-rules.ts";
import type {
  Checkpointer,
  CheckpointerEffect,
  CheckpointerEvent,
} from "../../machines/checkpointer/checkpointer-memory.ts";
import { Actor, type HostOptions } from "../actor.ts";
import type { Links } from "./links.ts";

export interface CheckpointerHostOptions {
  readonly group: string;
  readonly memory: Checkpointer;
  readonly host: HostOptions;
  readonly links: Links;
  readonly state: ReplicaState;
  readonly store: GroupStateStore;
  /** The checkpoint is valid, and the table it contains is gone from memory. */
  readonly checkpointed: () => void;
}

export type CheckpointerHost = Actor<CheckpointerEvent, CheckpointerEffect, Checkpointer>;

export function hostCheckpointer(options: CheckpointerHostOptions): CheckpointerHost {
  const { group, memory, host, links, state, store } = options;

  const freeze = (): void => {
    const cut = state.freeze();
    actor.post({ type: "frozen", through: cut.appliedThrough, ...links.now() });
    store.write(cut, (failure) => {
      if (failure !== undefined) return links.storageFailed(failure);
      actor.post({ type: "written", ...links.now() });
    });
  };

  const switchTo = (through: number): void => {
    store.switchTo(through, (failure) => {
      if (failure !== undefined) return links.storageFailed(failure);
      state.checkpointed();
      actor.post({ type: "switched", ...links.now() });
      options.checkpointed();
    });
  };

  const perform = (effect: CheckpointerEffect): void => {
    switch (effect.type) {
      case "deadline":
        return actor.setDeadline(effect.name, effect.atMs);
      case "freeze":
        return freeze();
      case "recordChosen":
        return links.toAcceptor(effect);
      case "switch":
        return switchTo(effect.through);
      case "checkpointed":
        return links.toAcceptor(effect);
    }
  };

  const actor: CheckpointerHost = new Actor({
    ...host,
    name: `${group}/checkpointer`,
    logic: checkpointerActor,
    memory,
    perform,
  });
  return actor;
}
