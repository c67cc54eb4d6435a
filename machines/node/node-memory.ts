/** What one node remembers of its own life. */
import type { MemberId } from "../ballot.ts";
import type { Sender } from "../messages.ts";
import type { Hello, HelloAnswer, NodeMessage } from "./node-messages.ts";
import { canHaveHad, type Start, type StartHistory } from "./start.ts";

type FromPeer<Message extends NodeMessage> = Message & {
  readonly from: Sender;
  readonly nowMs: number;
};

export type NodeEvent =
  | FromPeer<Hello>
  | FromPeer<HelloAnswer>
  | { readonly type: "connected"; readonly nowMs: number }
  | { readonly type: "disconnected"; readonly nowMs: number }
  /** The group's replica knows who it is: born and recovered, or stopped for a reason that `status` shows. */
  | { readonly type: "replicaSettled"; readonly group: string; readonly nowMs: number }
  | { readonly type: "replicaDrained"; readonly group: string; readonly nowMs: number }
  | { readonly type: "storeLost"; readonly group: string; readonly nowMs: number }
  | { readonly type: "drain"; readonly nowMs: number }
  | { readonly type: "deadline"; readonly name: NodeDeadline; readonly nowMs: number };

export type NodeDeadline = "introduce" | "drain";

export type NodeEffect =
  | { readonly type: "send"; readonly to: string; readonly message: NodeMessage }
  | {
      readonly type: "deadline";
      readonly name: NodeDeadline;
      readonly atMs: number | undefined;
    }
  | { readonly type: "disconnected" }
  | { readonly type: "serving" }
  | { readonly type: "drainReplicas" }
  | {
      readonly type: "barred";
      readonly code: "LOST_STORE" | "RESTORED_STORE";
      readonly text: string;
    }
  /** A start of this very store that its own disk does not know of: to be remembered for good. */
  | { readonly type: "unknownStartMet"; readonly met: Start }
  | { readonly type: "stopped" };

export interface NodeInput {
  readonly self: Sender;
  readonly start: StartHistory;
  readonly groups: readonly string[];
  readonly peers: readonly string[];
  /** The newest start met of a store, if any. */
  readonly metStart: (member: MemberId) => Start | undefined;
}

const introduceIntervalMs = 1_000;
const drainMs = 2_000;

export class NodeLife {
  readonly outbox: NodeEffect[] = [];
  readonly #input: NodeInput;
  readonly #settled = new Set<string>();
  readonly #drained = new Set<string>();
  #problem: string | undefined;

  constructor(input: NodeInput) {
    this.#input = input;
  }

  introduce(nowMs: number): void {
    for (const node of this.#input.peers) this.#sayHello(node);
    this.outbox.push({
      type: "deadline",
      name: "introduce",
      atMs: nowMs + introduceIntervalMs,
    });
  }

  answerHello({ from }: FromPeer<Hello>): void {
    const met = this.#input.metStart(from.member);
    if (met !== undefined) this.#send(from.node, { type: "helloAnswer", ...met });
  }

  /** Somebody met a start of this very store that it does not know of: it was copied back. */
  showsAnUnknownStart(met: HelloAnswer): boolean {
    const own = this.#input.start;
    return met.member === own.member && !canHaveHad(own, met);
  }

  /** Somebody has met an earlier start only, and hears nothing else of this one until it is introduced. */
  introduceAgain({ from, member, incarnation }: FromPeer<HelloAnswer>): void {
    const own = this.#input.start;
    if (member === own.member && incarnation < own.incarnation) this.#sayHello(from.node);
  }

  noteSettled(group: string): void {
    this.#settled.add(group);
  }

  everyReplicaSettled(): boolean {
    return this.#input.groups.every((group) => this.#settled.has(group));
  }

  tellDisconnected(): void {
    this.outbox.push({ type: "deadline", name: "introduce", atMs: undefined });
    this.outbox.push({ type: "disconnected" });
  }

  announceServing(): void {
    this.outbox.push({ type: "deadline", name: "introduce", atMs: undefined });
    this.outbox.push({ type: "serving" });
  }

  beginDraining(nowMs: number): void {
    this.outbox.push({ type: "deadline", name: "introduce", atMs: undefined });
    this.outbox.push({ type: "drainReplicas" });
    this.outbox.push({ type: "deadline", name: "drain", atMs: nowMs + drainMs });
  }

  noteDrained(group: string): void {
    this.#drained.add(group);
  }

  everyReplicaDrained(): boolean {
    return this.#input.groups.every((group) => this.#drained.has(group));
  }

  barForLostStore(group: string): void {
    this.#bar(
      "LOST_STORE",
      `group ${group} knows another store under the name ${this.#input.self.node}`,
    );
  }

  barForRestoredStore({ from, member, incarnation, start }: FromPeer<HelloAnswer>): void {
    this.outbox.push({ type: "unknownStartMet", met: { member, incarnation, start } });
    this.#bar(
      "RESTORED_STORE",
      `${from.node} has met a start ${incarnation} of this store that it does not know, being at start ${this.#input.start.incarnation}`,
    );
  }

  stop(): void {
    this.outbox.push({ type: "deadline", name: "drain", atMs: undefined });
    this.outbox.push({ type: "stopped" });
  }

  toJSON(): Record<string, unknown> {
    return {
      incarnation: this.#input.start.incarnation,
      settled: [...this.#settled],
      problem: this.#problem,
    };
  }

  #bar(code: "LOST_STORE" | "RESTORED_STORE", text: string): void {
    this.#problem = `${code}: ${text}`;
    this.outbox.push({ type: "barred", code, text });
  }

  #sayHello(to: string): void {
    this.#send(to, { type: "hello", earlier: this.#input.start.earlier });
  }

  #send(to: string, message: NodeMessage): void {
    this.outbox.push({ type: "send", to, message });
  }
}
