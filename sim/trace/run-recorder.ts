/** Remembers what happened in a run, for a trace and a chart. Of very long runs the messages of the beginning are forgotten. */
import { decodePeerMessage } from "../../infra/codec/peer-codec.ts";
import type { Drop, NetworkObserver } from "../../infra/transport/network-observer.ts";
import type { SimulatedMessage } from "../../infra/transport/simulated-transport.ts";
import type { MemberId } from "../../machines/ballot.ts";
import type { LogAppend } from "../../machines/record.ts";
import type { HistoryObserver, RunObserver } from "../run-observer.ts";
import type { LogLine, SimulatedCluster } from "../simulated-cluster.ts";
import type { Copy, TraceEvent } from "./trace-event.ts";

const eventsMax = 2_000_000;

export class RunRecorder implements RunObserver {
  readonly network: NetworkObserver;
  readonly history: HistoryObserver;
  #cluster: SimulatedCluster | undefined;
  #events: TraceEvent[] = [];
  /** By number; a number stands for its place here and `#forgotten` before it. */
  #copies: Copy[] = [];
  #forgotten = 0;
  readonly #members = new Map<MemberId, string>();

  constructor() {
    this.network = {
      left: (message, receiver) => this.#left(message, receiver),
      arrived: (copy) => this.#arrived(copy),
      dropped: (copy, why) => this.#dropped(copy, why),
    };
    this.history = {
      begun: (recorded) => this.#add({ kind: "begun", atMs: this.nowMs, recorded }),
      ended: (recorded) => this.#add({ kind: "ended", atMs: this.nowMs, recorded }),
    };
  }

  get events(): readonly TraceEvent[] {
    return this.#events;
  }

  get cluster(): SimulatedCluster | undefined {
    return this.#cluster;
  }

  get nowMs(): number {
    return this.#cluster?.world.nowMs ?? 0;
  }

  /** The node that spoke as that member; its number where it never spoke. */
  nodeOf(member: MemberId): string {
    return this.#members.get(member) ?? member.toString(16);
  }

  began(cluster: SimulatedCluster): void {
    this.#cluster = cluster;
  }

  noted(line: LogLine): void {
    this.#add({ kind: "noted", atMs: line.atMs, line });
  }

  flushed(node: string, group: string, change: LogAppend): void {
    const slots = (change.records ?? []).map(({ slot }) => slot);
    const { promise, chosenThrough } = change;
    const flush = { node, group, slots, promise, chosenThrough };
    this.#add({ kind: "flushed", atMs: this.nowMs, flush });
  }

  #left(message: SimulatedMessage, to: string): number {
    const from = message.sender.process.name;
    this.#noteMember(message, from);
    const unsettled = { arrivedMs: undefined, droppedMs: undefined, drop: undefined };
    const copy: Copy = { message, from, to, leftMs: this.nowMs, ...unsettled };
    this.#copies.push(copy);
    this.#add({ kind: "left", atMs: this.nowMs, copy });
    return this.#forgotten + this.#copies.length - 1;
  }

  #arrived(number: number): void {
    const copy = this.#copies[number - this.#forgotten];
    if (copy === undefined) return;
    copy.arrivedMs = this.nowMs;
    this.#add({ kind: "arrived", atMs: this.nowMs, copy });
  }

  #dropped(number: number, drop: Drop): void {
    const copy = this.#copies[number - this.#forgotten];
    if (copy === undefined) return;
    copy.droppedMs = this.nowMs;
    copy.drop = drop;
    this.#add({ kind: "dropped", atMs: this.nowMs, copy });
  }

  #noteMember({ subject, payload }: SimulatedMessage, from: string): void {
    if (!subject.includes(".p.")) return;
    const { member } = decodePeerMessage(payload).envelope;
    if (member !== 0) this.#members.set(member, from);
  }

  #add(event: TraceEvent): void {
    this.#events.push(event);
    if (this.#events.length > eventsMax) this.#forgetOldMessages();
  }

  #forgetOldMessages(): void {
    const middle = Math.floor(this.#events.length / 2);
    const kept = new Set(["noted", "begun", "ended"]);
    this.#events = this.#events.filter(({ kind }, at) => at > middle || kept.has(kind));
    const forgotten = Math.floor(this.#copies.length / 2);
    this.#copies = this.#copies.slice(forgotten);
    this.#forgotten += forgotten;
  }
}
