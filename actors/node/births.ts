/** Hosts the births of a node's groups, and for every node that of `meta`, which names the cluster. */
import { decodeBirth, encodeBirth } from "../../infra/codec/birth-codec.ts";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";
import type { BirthMessage } from "../../machines/birth/birth-messages.ts";
import { birthActor } from "../../machines/birth/birth-rules.ts";
import { Midwife, type BirthEffect, type BirthEvent } from "../../machines/birth/birth-memory.ts";
import type { Birth, BirthPlan } from "../../machines/birth/birth-record.ts";
import type { Sender } from "../../machines/messages.ts";
import { Actor, type HostOptions, type Timed } from "../actor.ts";

export interface BirthsOptions {
  readonly self: Sender;
  readonly plans: readonly BirthPlan[];
  readonly host: HostOptions;
  readonly logStore: LogStore;
  readonly randomness: Randomness;
  readonly send: (to: string, group: string, message: BirthMessage) => void;
  /** `restarted`: the store knew the group as born before this start. */
  readonly born: (birth: Birth, restarted: boolean) => void;
  readonly lost: (birth: Birth) => void;
  readonly problem: (text: string) => void;
  readonly storageFailed: (failure: Error) => void;
}

type BirthHost = Actor<BirthEvent, BirthEffect, Midwife>;

export class Births {
  readonly #options: BirthsOptions;
  readonly #actors = new Map<string, BirthHost>();
  readonly #born = new Map<string, Birth>();
  #clusterId: string | undefined;

  constructor(options: BirthsOptions) {
    this.#options = options;
    for (const plan of options.plans) this.#actors.set(plan.group, this.#host(plan));
  }

  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** Undefined until the group is known to be born. */
  birthOf(group: string): Birth | undefined {
    return this.#born.get(group);
  }

  start(): void {
    for (const actor of this.#actors.values()) actor.start();
  }

  receive(group: string, message: BirthMessage, from: Sender, times: Timed): void {
    this.#actors.get(group)?.post({ ...message, from, ...times });
  }

  states(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#actors].map(([group, actor]) => [group, actor.state]));
  }

  stop(): void {
    for (const actor of this.#actors.values()) actor.stop();
  }

  #host(plan: BirthPlan): BirthHost {
    const { self, host, logStore, randomness, send } = this.#options;
    const { group } = plan;
    const found = logStore.birth(group);
    const stored = found && { birth: decodeBirth(found.birth), complete: found.complete };
    const restarted = stored?.complete === true;
    const memory = new Midwife({
      self,
      plan,
      stored,
      clusterId: undefined,
      identifier: () => randomness.identifier(),
      startedMs: host.clock.monotonicMs(),
    });
    const perform = (effect: BirthEffect): void => {
      switch (effect.type) {
        case "send":
          return send(effect.to, group, effect.message);
        case "deadline":
          return actor.setDeadline(effect.name, effect.atMs);
        case "storeBirth":
          return this.#store(actor, effect.birth, effect.complete);
        case "born":
          return this.#noteBorn(effect.birth, restarted);
        case "lost":
          return this.#options.lost(effect.birth);
        case "problem":
          return this.#options.problem(effect.text);
      }
    };
    const actor: BirthHost = new Actor({
      ...host,
      name: `${group}/birth`,
      logic: birthActor,
      memory,
      perform,
    });
    return actor;
  }

  #store(actor: BirthHost, birth: Birth, complete: boolean): void {
    const { logStore, storageFailed, host } = this.#options;
    logStore.recordBirth(birth.group, { birth: encodeBirth(birth), complete }, (failure) => {
      if (failure !== undefined) return storageFailed(failure);
      actor.post({ type: "stored", nowMs: host.clock.monotonicMs() });
    });
  }

  #noteBorn(birth: Birth, restarted: boolean): void {
    this.#born.set(birth.group, birth);
    if (birth.group === "meta") this.#noteCluster(birth.clusterId);
    this.#options.born(birth, restarted);
  }

  #noteCluster(clusterId: string): void {
    this.#clusterId = clusterId;
    const nowMs = this.#options.host.clock.monotonicMs();
    for (const actor of this.#actors.values()) {
      actor.post({ type: "clusterKnown", clusterId, nowMs });
    }
  }
}
