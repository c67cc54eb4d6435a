/** What one node remembers of a group's birth while it is under way. */
import type { MemberId } from "../ballot.ts";
import { present } from "../invariant.ts";
import type { Sender } from "../messages.ts";
import type {
  BirthAnswer,
  BirthAsk,
  BirthHeld,
  BirthMessage,
  BirthOffer,
} from "./birth-messages.ts";
import { listsAnotherStore, objectionTo, type Birth, type BirthPlan } from "./birth-record.ts";

type FromPeer<Message extends BirthMessage> = Message & {
  readonly from: Sender;
  readonly nowMs: number;
};

export type BirthEvent =
  | FromPeer<BirthAsk>
  | FromPeer<BirthAnswer>
  | FromPeer<BirthOffer>
  | FromPeer<BirthHeld>
  | { readonly type: "stored"; readonly nowMs: number }
  /** Group `meta` is born: other groups may be. */
  | { readonly type: "clusterKnown"; readonly clusterId: string; readonly nowMs: number }
  | { readonly type: "deadline"; readonly name: "ask"; readonly nowMs: number };

export type BirthEffect =
  | { readonly type: "send"; readonly to: string; readonly message: BirthMessage }
  | { readonly type: "deadline"; readonly name: "ask"; readonly atMs: number | undefined }
  | { readonly type: "storeBirth"; readonly birth: Birth; readonly complete: boolean }
  | { readonly type: "born"; readonly birth: Birth }
  | { readonly type: "lost"; readonly birth: Birth }
  | { readonly type: "problem"; readonly text: string };

export interface BirthInput {
  readonly self: Sender;
  readonly plan: BirthPlan;
  readonly stored: { readonly birth: Birth; readonly complete: boolean } | undefined;
  /** Known when group `meta` is; a birth of `meta` itself makes its own. */
  readonly clusterId: string | undefined;
  readonly identifier: () => number;
  readonly startedMs: number;
}

const askIntervalMs = 200;

const alreadyBorn = "this node already holds another birth of the group";

export class Midwife {
  readonly outbox: BirthEffect[] = [];
  readonly #self: Sender;
  readonly #plan: BirthPlan;
  readonly #identifier: () => number;
  readonly #members = new Map<string, MemberId>();
  readonly #holders = new Set<string>();
  #startedMs: number;
  #clusterId: string | undefined;
  /** Once stored it never changes. */
  #birth: Birth | undefined;
  #complete: boolean;
  #objection: string | undefined;

  constructor(input: BirthInput) {
    this.#self = input.self;
    this.#plan = input.plan;
    this.#identifier = input.identifier;
    this.#startedMs = input.startedMs;
    this.#clusterId = input.clusterId;
    this.#birth = input.stored?.birth;
    this.#complete = input.stored?.complete ?? false;
    this.#members.set(input.self.node, input.self.member);
    this.#holders.add(input.self.node);
  }

  get isComplete(): boolean {
    return this.#complete;
  }

  get isHeld(): boolean {
    return this.#birth !== undefined;
  }

  get isObserver(): boolean {
    return !this.#plan.nodes.includes(this.#self.node);
  }

  get isInitiator(): boolean {
    return this.#plan.nodes[0] === this.#self.node;
  }

  bringsAnotherStoresBirth({ birth }: Bringing): boolean {
    return birth !== undefined && listsAnotherStore(birth, this.#self.node, this.#self.member);
  }

  bringsObjectionableBirth({ birth }: Bringing): boolean {
    return birth !== undefined && this.#objectionTo(birth) !== undefined;
  }

  bringsThisBirth({ birth }: Bringing): boolean {
    return birth !== undefined && birth.id === this.#birth?.id;
  }

  bringsThisBirthComplete(bringing: Bringing): boolean {
    return bringing.complete && this.bringsThisBirth(bringing);
  }

  answer({ from }: { readonly from: Sender }): void {
    this.#send(from.node, {
      type: "birthAnswer",
      member: this.#self.member,
      birth: this.#birth,
      complete: this.#complete,
      objection: undefined,
    });
  }

  ask(nowMs: number | undefined): void {
    this.#toOthers({ type: "birthAsk" });
    this.#askAgain(nowMs);
  }

  noteMember({ from, member, objection }: FromPeer<BirthAnswer>): void {
    if (objection !== undefined) this.#problem(from.node, objection);
    this.#members.set(from.node, member);
  }

  noteClusterId(clusterId: string): void {
    this.#clusterId = clusterId;
  }

  noteObjection({ from, birth, ...answer }: Bringing & { readonly from: Sender }): void {
    if (answer.objection !== undefined) this.#problem(from.node, answer.objection);
    if (birth === undefined || birth.id === this.#birth?.id) return;
    const objection = this.#objectionTo(birth) ?? alreadyBorn;
    this.#problem(from.node, objection);
  }

  object({ from, birth }: FromPeer<BirthOffer>): void {
    const objection = this.#objectionTo(birth) ?? alreadyBorn;
    this.#send(from.node, {
      type: "birthAnswer",
      member: this.#self.member,
      birth: this.#birth,
      complete: this.#complete,
      objection,
    });
    this.#objection = objection;
  }

  adopt({ birth }: Bringing): void {
    this.#birth = present(birth, "only a message with a birth is adopted");
  }

  /** All member ids are known, and so is the cluster that the group belongs to. */
  canBear(): boolean {
    return (
      this.#plan.nodes.every((node) => this.#members.has(node)) &&
      (this.#plan.group === "meta" || this.#clusterId !== undefined)
    );
  }

  bear(): void {
    const { cluster, group, nodes, phase1, phase2, leaseMs, driftRatio, regions } = this.#plan;
    this.#clusterId ??= this.#identifier().toString(36);
    this.#birth = {
      id: this.#identifier(),
      cluster,
      clusterId: this.#clusterId,
      group,
      configuration: {
        epoch: 1,
        members: nodes.map((node) => ({
          node,
          member: present(this.#members.get(node), "every member's id was collected"),
        })),
        phase1,
        phase2,
        leaseMs,
        driftRatio,
      },
      regions,
    };
  }

  store(complete: boolean): void {
    this.#complete = complete;
    this.outbox.push({ type: "deadline", name: "ask", atMs: undefined });
    this.outbox.push({ type: "storeBirth", birth: this.#currentBirth(), complete });
  }

  /** The initiator offers the birth to all; a member tells the initiator that it holds it. */
  offerOrReport(nowMs: number | undefined): void {
    if (this.isInitiator) this.#offer(false);
    else this.#reportHeld();
    this.#askAgain(nowMs);
  }

  reportHeld(): void {
    this.#reportHeld();
  }

  noteHolder({ from, id }: FromPeer<BirthHeld>): void {
    if (id === this.#birth?.id) this.#holders.add(from.node);
  }

  everybodyHoldsIt(): boolean {
    return this.isInitiator && this.#plan.nodes.every((node) => this.#holders.has(node));
  }

  announceBorn(): void {
    this.outbox.push({ type: "deadline", name: "ask", atMs: undefined });
    this.outbox.push({ type: "born", birth: this.#currentBirth() });
  }

  offerComplete(): void {
    if (this.isInitiator) this.#offer(true);
  }

  announceLost({ birth }: Bringing): void {
    const known = present(birth ?? this.#birth, "a birth that lists another store was brought");
    this.outbox.push({ type: "deadline", name: "ask", atMs: undefined });
    this.outbox.push({ type: "lost", birth: known });
  }

  toJSON(): Record<string, unknown> {
    return {
      group: this.#plan.group,
      birth: this.#birth?.id,
      complete: this.#complete,
      members: [...this.#members.keys()],
      holders: [...this.#holders],
      objection: this.#objection,
    };
  }

  /** A node takes part in one cluster only, however alike another one of the same name may be. */
  #objectionTo(birth: Birth): string | undefined {
    const { clusterId } = birth;
    if (this.#clusterId !== undefined && clusterId !== this.#clusterId) {
      return `it belongs to cluster ${clusterId}, this node to ${this.#clusterId}`;
    }
    return objectionTo(birth, this.#plan);
  }

  #problem(node: string, objection: string): void {
    const text = `group ${this.#plan.group}: the birth held by ${node} does not fit: ${objection}`;
    this.#objection = objection;
    this.outbox.push({ type: "problem", text });
  }

  #offer(complete: boolean): void {
    this.#toOthers({ type: "birthOffer", birth: this.#currentBirth(), complete });
  }

  #reportHeld(): void {
    const { id, configuration } = this.#currentBirth();
    const initiator = present(configuration.members[0], "a group has members");
    this.#send(initiator.node, { type: "birthHeld", id });
  }

  #currentBirth(): Birth {
    return present(this.#birth, "the birth is at hand from here on");
  }

  #askAgain(nowMs: number | undefined): void {
    const atMs = (nowMs ?? this.#startedMs) + askIntervalMs;
    this.outbox.push({ type: "deadline", name: "ask", atMs });
  }

  #toOthers(message: BirthMessage): void {
    for (const node of this.#plan.nodes) if (node !== this.#self.node) this.#send(node, message);
  }

  #send(to: string, message: BirthMessage): void {
    this.outbox.push({ type: "send", to, message });
  }
}

/** An offer or an answer: what it says of a birth. */
type Bringing = Pick<BirthAnswer, "birth" | "complete"> & {
  readonly objection?: string | undefined;
};
