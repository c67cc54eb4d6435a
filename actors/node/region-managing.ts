/** Hosts a node's region manager: its reports and tables travel, and questions about the cluster are answered. */
import type { Cancel } from "../../infra/clock/clock.ts";
import { defaultBackoff, RestartBackoff } from "../../infra/processes/restart-backoff.ts";
import type { Sender } from "../../machines/messages.ts";
import { regionManagerActor } from "../../machines/region-manager/region-manager-rules.ts";
import type { RegionManagerMessage } from "../../machines/region-manager/region-manager-messages.ts";
import {
  RegionManager,
  type ClusterStatus,
  type RegionManagerEffect,
  type RegionManagerEvent,
} from "../../machines/region-manager/region-manager-memory.ts";
import type { RegionTable, RoutingTable } from "../../machines/region-manager/routing.ts";
import { Actor, type HostOptions, type Timed } from "../actor.ts";

export interface RegionManagingOptions {
  readonly self: Sender;
  readonly nodes: readonly string[];
  readonly host: Omit<HostOptions, "failed">;
  readonly clusterId: () => string;
  readonly physicalMs: () => number;
  /** The node that leads `meta`, if it is known. */
  readonly metaLeader: () => string | undefined;
  readonly leaders: () => readonly { readonly group: string; readonly node: string }[];
  readonly status: () => Readonly<Record<string, unknown>>;
  /** Reads the table as it stands behind everything committed before now; never calls back if leadership ends first. */
  readonly readTable: (read: (table: RegionTable) => void) => void;
  readonly adopt: (table: RoutingTable) => void;
  readonly send: (to: string, message: RegionManagerMessage) => void;
  readonly answer: (reply: string, answer: ClusterStatus | RoutingTable) => void;
  readonly report: (what: string, details: Record<string, unknown>) => void;
}

type Host = Actor<RegionManagerEvent, RegionManagerEffect, RegionManager>;

export class RegionManaging {
  readonly #options: RegionManagingOptions;
  readonly #backoff = new RestartBackoff(defaultBackoff);
  #actor: Host;
  #startedMs: number;
  #cancelRestart: Cancel | undefined;
  #leading = false;
  #stopped = false;

  constructor(options: RegionManagingOptions) {
    this.#options = options;
    this.#startedMs = options.host.clock.monotonicMs();
    this.#actor = this.#make();
  }

  get state(): string {
    return this.#actor.state;
  }

  start(): void {
    this.#actor.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRestart?.();
    this.#actor.stop();
  }

  receive(message: RegionManagerMessage, from: Sender, times: Timed): void {
    this.#actor.post({ ...message, from, ...times });
  }

  /** A group's leader changed as far as this node knows; `leadsMeta` says whether this node leads `meta` now. */
  leaderChanged(leadsMeta: boolean): void {
    const nowMs = this.#nowMs();
    if (leadsMeta !== this.#leading) {
      this.#leading = leadsMeta;
      this.#actor.post({ type: leadsMeta ? "lead" : "stopLeading", nowMs });
    }
    this.#actor.post({ type: "leaderChanged", nowMs });
  }

  asked(question: "statusAsked" | "regionsAsked", reply: string): void {
    this.#actor.post({ type: question, reply, nowMs: this.#nowMs() });
  }

  #nowMs(): number {
    return this.#options.host.clock.monotonicMs();
  }

  #make(): Host {
    const { self, nodes, host, clusterId, physicalMs } = this.#options;
    const memory = new RegionManager({
      self,
      clusterId,
      nodes,
      physicalMs,
      startedMs: this.#nowMs(),
    });
    return new Actor({
      ...host,
      name: "region-manager",
      logic: regionManagerActor,
      memory,
      perform: (effect: RegionManagerEffect) => this.#perform(effect),
      failed: (reason) => this.#restart(reason),
    });
  }

  /** Everything it knows is replicated or reported again: a fresh one takes over where this one failed. */
  #restart(reason: Error): void {
    if (this.#stopped) return;
    this.#options.report("the region manager failed and is started again", {
      reason: reason.message,
    });
    const delayMs = this.#backoff.delayAfterRunOf(this.#nowMs() - this.#startedMs);
    this.#cancelRestart = this.#options.host.clock.after(delayMs, () => {
      this.#startedMs = this.#nowMs();
      this.#actor = this.#make();
      this.#actor.start();
      if (this.#leading) this.#actor.post({ type: "lead", nowMs: this.#nowMs() });
    });
  }

  #perform(effect: RegionManagerEffect): void {
    const { readTable, adopt, answer, send, nodes, self } = this.#options;
    switch (effect.type) {
      case "readTable": {
        const actor = this.#actor;
        return readTable((table) => actor.post({ type: "tableRead", table, nowMs: this.#nowMs() }));
      }
      case "report":
        return this.#report();
      case "publish":
        for (const node of nodes) {
          if (node !== self.node) send(node, { type: "routing", table: effect.table });
        }
        return;
      case "adopt":
        return adopt(effect.table);
      case "answerStatus":
        return answer(effect.reply, effect.status);
      case "answerRegions":
        return answer(effect.reply, effect.table);
      case "deadline":
        return this.#actor.setDeadline(effect.name, effect.atMs);
    }
  }

  #report(): void {
    const { metaLeader, leaders, status, self, send } = this.#options;
    const leader = metaLeader();
    if (leader === undefined) return;
    const message = { type: "nodeReport", leaders: leaders(), status: status() } as const;
    if (leader === self.node) this.#actor.post({ ...message, from: self, nowMs: this.#nowMs() });
    else send(leader, message);
  }
}
