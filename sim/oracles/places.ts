/**
 * Answers name their place in a group's log: slot, index, and the last revision behind it. Without the log at hand they
 * still have to agree with each other: a place belongs to one client's frame, revisions follow places, a revision says
 * one thing of a key, and whoever read behind a write saw that or what came later.
 */
import { operationKind, type KeyRange } from "../../kv/commands/operation.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";
import { factsOf, type Fact } from "./facts.ts";
import { isRead, type Placed } from "./real-time.ts";

const check = "answers agree on the log";

/** `placed`: those of the operations that name their place. Stale reads are held to it as well: what they saw was so once. */
export function checkPlaces(
  operations: readonly Recorded[],
  placed: ReadonlyMap<string, readonly Placed[]>,
): void {
  const written = writtenByKey(operations);
  const removals = new Removals(operations);
  for (const own of placed.values()) {
    checkRevisions(own);
    for (const { recorded, place } of own) {
      if (!isRead(recorded)) continue;
      for (const fact of factsOf(recorded)) {
        checkSeen(fact, place.lastRevision, written.get(fact.key) ?? [], removals, recorded.client);
      }
    }
  }
}

/** In the order of places the last revision never goes back, and what a frame wrote lies above all before it. */
function checkRevisions(placed: readonly Placed[]): void {
  /** The newest place, and the last revision behind it and behind all places before it. */
  let at = { order: -1, client: "", lastRevision: 0, before: 0 };
  for (const { recorded, order, place } of placed) {
    const { client } = recorded;
    const { lastRevision } = place;
    if (order !== at.order) at = { order, client, lastRevision, before: at.lastRevision };
    else if (lastRevision !== at.lastRevision || (client !== at.client && !isRead(recorded))) {
      const text = `${at.client} says revision ${at.lastRevision} of place ${order}, ${client} says ${lastRevision}`;
      throw new Violation(check, text);
    }
    if (lastRevision < at.before) {
      const text = `the last revision behind place ${order} is ${lastRevision}, before it was ${at.before}`;
      throw new Violation(check, text);
    }
    for (const { key, revision = 0, wrote } of factsOf(recorded)) {
      if (revision <= lastRevision && (!wrote || revision > at.before)) continue;
      const text = `${client} was told revision ${revision} of ${JSON.stringify(key)} at place ${order}, which holds revisions above ${at.before} up to ${lastRevision}`;
      throw new Violation(check, text);
    }
  }
}

/** By revision. */
function writtenByKey(operations: readonly Recorded[]): ReadonlyMap<InternalKey, readonly Fact[]> {
  const written = new Map<InternalKey, Fact[]>();
  const versions = new Map<InternalKey, Map<Revision, Fact>>();
  for (const recorded of operations) {
    for (const fact of factsOf(recorded)) {
      if (fact.revision === undefined) continue;
      const told = versions.get(fact.key) ?? new Map<Revision, Fact>();
      versions.set(fact.key, told);
      const known = told.get(fact.revision);
      if (known !== undefined && known.text !== fact.text) {
        const text = `at revision ${fact.revision} ${JSON.stringify(fact.key)} holds ${known.text}, and ${fact.text} by ${recorded.client}`;
        throw new Violation(check, text);
      }
      if (known === undefined) told.set(fact.revision, fact);
      if (!fact.wrote) continue;
      const own = written.get(fact.key) ?? [];
      own.push(fact);
      written.set(fact.key, own);
    }
  }
  for (const own of written.values()) {
    own.sort((left, right) => (left.revision ?? 0) - (right.revision ?? 0));
  }
  return written;
}

/** The state that was read contains everything up to `lastRevision`. */
function checkSeen(
  { key, revision, text }: Fact,
  lastRevision: Revision,
  written: readonly Fact[],
  removals: Removals,
  client: string,
): void {
  const newest = newestThrough(written, lastRevision);
  if (newest === undefined || newest.revision === undefined) return;
  const isTrue =
    revision === undefined
      ? newest.text === undefined || removals.mayHaveTaken(key)
      : revision >= newest.revision;
  if (isTrue) return;
  const saw = revision === undefined ? "nothing" : `${text} of revision ${revision}`;
  const says = `${client} saw ${saw} under ${JSON.stringify(key)} behind revision ${lastRevision}, but ${newest.text ?? "a removal"} of revision ${newest.revision} lies before`;
  throw new Violation(check, says);
}

function newestThrough(written: readonly Fact[], through: Revision): Fact | undefined {
  let low = 0;
  let high = written.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((written[middle]?.revision ?? 0) <= through) low = middle + 1;
    else high = middle;
  }
  return written[low - 1];
}

/** Keys that somebody tried to take away, or that expire. */
class Removals {
  readonly #keys = new Set<InternalKey>();
  readonly #ranges: KeyRange[] = [];

  constructor(operations: readonly Recorded[]) {
    for (const { operation } of operations) {
      if (operation.kind === operationKind.deleteRange) this.#ranges.push(operation);
      const parts =
        operation.kind === operationKind.transaction ? operation.operations : [operation];
      for (const part of parts) {
        const expires = part.kind === operationKind.put && part.ttlMs > 0;
        if (part.kind === operationKind.delete || expires) this.#keys.add(part.key);
      }
    }
  }

  mayHaveTaken(key: InternalKey): boolean {
    if (this.#keys.has(key)) return true;
    return this.#ranges.some(({ start, end }) => key >= start && (end === undefined || key < end));
  }
}
