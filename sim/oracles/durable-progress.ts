/**
 * What a node's disks keep only goes forward, through crashes too: slots known chosen, which are, slots trimmed, which
 * every member has had in a durable checkpoint, and checkpoints, whose slots the log durably knows chosen. Disks that
 * faults took something from are let off what went back. No log outgrows its bound in a simulation: where one does,
 * members that are behind are left behind.
 */
import type { LogAppend } from "../../machines/record.ts";
import { sameEntry } from "../../machines/record.ts";
import { Violation } from "../violation.ts";

/** Of a group's log on one disk, as it is now. */
export interface DurableHead {
  readonly chosenThrough: number;
  readonly trimmedThrough: number;
}

interface Progress {
  chosenThrough: number;
  trimmedThrough: number;
  checkpointThrough: number;
  /** The highest there ever was, whatever the disk lost since. */
  checkpointedThrough: number;
  /** Entries of slots above `chosenThrough`. */
  readonly entries: Map<number, Uint8Array>;
}

const back = "durable state never goes back";

export class DurableProgress {
  readonly #chosenAt: (group: string, slot: number) => Uint8Array | undefined;
  readonly #isHurt: (node: string) => boolean;
  readonly #membersOf: (group: string) => readonly string[];
  readonly #progress = new Map<string, Progress>();
  /** Slots that were found to be chosen when a disk said so. */
  confirmed = 0;

  constructor(
    chosenAt: (group: string, slot: number) => Uint8Array | undefined,
    isHurt: (node: string) => boolean,
    membersOf: (group: string) => readonly string[],
  ) {
    this.#chosenAt = chosenAt;
    this.#membersOf = membersOf;
    this.#isHurt = isHurt;
  }

  /** The change is on disk, and `head` is what came of it. */
  noteDurable(node: string, group: string, change: LogAppend, head: DurableHead): void {
    const own = this.#of(node, group);
    for (const { slot, entry } of change.records ?? []) own.entries.set(slot, entry);
    const isHurt = this.#isHurt(node);
    const isBack =
      head.chosenThrough < own.chosenThrough || head.trimmedThrough < own.trimmedThrough;
    if (isBack && !isHurt) {
      const text = `${node}/${group} knew ${own.chosenThrough} slots chosen and ${own.trimmedThrough} trimmed, and now ${head.chosenThrough} and ${head.trimmedThrough}`;
      throw new Violation(back, text);
    }
    for (let slot = own.chosenThrough + 1; slot <= head.chosenThrough; slot++) {
      if (!isHurt) this.#requireChosen(node, group, slot, own.entries.get(slot));
      own.entries.delete(slot);
    }
    own.chosenThrough = head.chosenThrough;
    own.trimmedThrough = head.trimmedThrough;
    if (change.trimThrough === undefined) return;
    const trimmable = Math.min(own.checkpointThrough, head.chosenThrough);
    if (change.trimThrough > trimmable) {
      const text = `${node}/${group} trimmed through ${change.trimThrough} with a checkpoint of ${own.checkpointThrough} and ${head.chosenThrough} slots known chosen`;
      throw new Violation("only what a checkpoint holds is trimmed", text);
    }
    this.#requireCheckpointed(node, group, change.trimThrough);
  }

  /** The store opened with a checkpoint of that slot; 0 = with none. */
  noteOpened(node: string, group: string, checkpointThrough: number): void {
    const own = this.#of(node, group);
    if (checkpointThrough < own.checkpointThrough && !this.#isHurt(node)) {
      const text = `${node}/${group} had a checkpoint of slot ${own.checkpointThrough} and came back with ${checkpointThrough}`;
      throw new Violation(back, text);
    }
    own.checkpointThrough = checkpointThrough;
    own.checkpointedThrough = Math.max(own.checkpointedThrough, checkpointThrough);
  }

  /** Slot of the newest checkpoint that is on the node's disk; 0 = none is. */
  checkpointThrough(node: string, group: string): number {
    return this.#of(node, group).checkpointThrough;
  }

  /** A checkpoint of that slot is about to become valid. */
  noteSwitching(node: string, group: string, through: number, head: DurableHead): void {
    if (through <= head.chosenThrough) return;
    const text = `${node}/${group} makes slot ${through} a checkpoint while its log knows ${head.chosenThrough} slots chosen`;
    throw new Violation("a checkpoint waits for the log", text);
  }

  /** It is valid and durable. */
  noteCheckpoint(node: string, group: string, through: number): void {
    const own = this.#of(node, group);
    if (through < own.checkpointThrough) {
      const text = `${node}/${group} went from a checkpoint of slot ${own.checkpointThrough} to one of ${through}`;
      throw new Violation(back, text);
    }
    own.checkpointThrough = through;
    own.checkpointedThrough = Math.max(own.checkpointedThrough, through);
  }

  #requireCheckpointed(node: string, group: string, trimmedThrough: number): void {
    for (const member of this.#membersOf(group)) {
      const { checkpointedThrough } = this.#of(member, group);
      if (trimmedThrough <= checkpointedThrough) continue;
      const text = `${node}/${group} trimmed through ${trimmedThrough}, and ${member} never had more than slot ${checkpointedThrough} in a checkpoint`;
      throw new Violation("what a member has yet to read is not trimmed", text);
    }
  }

  #requireChosen(node: string, group: string, slot: number, entry: Uint8Array | undefined): void {
    const chosen = this.#chosenAt(group, slot);
    if (chosen !== undefined && entry !== undefined && sameEntry(chosen, entry)) {
      this.confirmed += 1;
      return;
    }
    const holds = entry === undefined ? "holds nothing there" : "holds another value";
    const text = `${node}/${group} takes slot ${slot} for chosen, ${chosen === undefined ? "which is not" : `and ${holds}`}`;
    throw new Violation("what is known chosen is chosen", text);
  }

  #of(node: string, group: string): Progress {
    const replica = `${node}/${group}`;
    let own = this.#progress.get(replica);
    if (own === undefined) {
      own = {
        chosenThrough: 0,
        trimmedThrough: 0,
        checkpointThrough: 0,
        checkpointedThrough: 0,
        entries: new Map(),
      };
      this.#progress.set(replica, own);
    }
    return own;
  }
}
