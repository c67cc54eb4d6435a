/**
 * Watches every disk and knows what is chosen the moment a phase 2 quorum holds a value at one ballot: independent of
 * what any proposer, learner or message believes (Paxos Made Simple 2.1: only a single value is chosen).
 */
import { ballotText, type Ballot } from "../../machines/ballot.ts";
import type { LogAppend, LogRecord } from "../../machines/record.ts";
import { sameEntry } from "../../machines/record.ts";
import { Violation } from "../violation.ts";

interface Slot {
  /** Nodes that made the entry durable, by ballot. */
  readonly accepted: Map<string, { readonly entry: Uint8Array; readonly nodes: Set<string> }>;
  chosen: Uint8Array | undefined;
}

export class ChosenValues {
  readonly #phase2: (group: string) => number;
  readonly #groups = new Map<string, Slot[]>();
  #chosenSlots = 0;
  readonly #chosenByGroup = new Map<string, number>();

  constructor(phase2: (group: string) => number) {
    this.#phase2 = phase2;
  }

  get chosenSlots(): number {
    return this.#chosenSlots;
  }

  chosenIn(group: string): number {
    return this.#chosenByGroup.get(group) ?? 0;
  }

  /** The values chosen in a group, from slot 1 up to the first slot without one. */
  log(group: string): readonly Uint8Array[] {
    const entries: Uint8Array[] = [];
    for (const slot of (this.#groups.get(group) ?? []).slice(1)) {
      if (slot?.chosen === undefined) break;
      entries.push(slot.chosen);
    }
    return entries;
  }

  chosenAt(group: string, slot: number): Uint8Array | undefined {
    return this.#groups.get(group)?.[slot]?.chosen;
  }

  /** Whether the node has ever made an entry of that slot durable at that ballot. */
  hasAccepted(node: string, group: string, slot: number, ballot: Ballot): boolean {
    const accepted = this.#groups.get(group)?.[slot]?.accepted.get(ballotText(ballot));
    return accepted?.nodes.has(node) === true;
  }

  noteDurable(node: string, group: string, change: LogAppend): void {
    for (const record of change.records ?? []) this.#note(node, group, record);
  }

  #note(node: string, group: string, { slot, ballot, entry }: LogRecord): void {
    const known = this.#slot(group, slot);
    const at = ballotText(ballot);
    let accepted = known.accepted.get(at);
    if (accepted === undefined) {
      accepted = { entry, nodes: new Set() };
      known.accepted.set(at, accepted);
    }
    if (!sameEntry(accepted.entry, entry)) {
      throw new Violation("a ballot proposes one value", `${group} slot ${slot} ballot ${at}`);
    }
    accepted.nodes.add(node);
    if (accepted.nodes.size < this.#phase2(group)) return;
    if (known.chosen === undefined) {
      known.chosen = entry;
      this.#chosenSlots += 1;
      this.#chosenByGroup.set(group, this.chosenIn(group) + 1);
    } else if (!sameEntry(known.chosen, entry)) {
      throw new Violation("one value is chosen per slot", `${group} slot ${slot} at ballot ${at}`);
    }
  }

  #slot(group: string, slot: number): Slot {
    let slots = this.#groups.get(group);
    if (slots === undefined) {
      slots = [];
      this.#groups.set(group, slots);
    }
    let known = slots[slot];
    if (known === undefined) {
      known = { accepted: new Map(), chosen: undefined };
      slots[slot] = known;
    }
    return known;
  }
}
