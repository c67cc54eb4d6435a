/**
 * Takes a history apart into one register per key. A transaction and a range become one operation on each of their
 * keys: what that leaves unchecked, whether all of it happened at one moment, the replayed log checks.
 */
import { ConflictError } from "../../client/errors.ts";
import {
  absent,
  checkKind,
  expectNothing,
  operationKind,
  type Check,
  type DeleteRange,
  type Expectation,
  type Range,
  type TransactionOperation,
} from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import { keyAfter } from "../../kv/internal-key.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Answer, Recorded } from "../workload/history.ts";
import { textOf } from "./facts.ts";
import { looksBack } from "./facts.ts";
import type { Effect, Held, Needed, RegisterOperation } from "./register.ts";

type Simple = Exclude<Recorded["operation"], { kind: typeof operationKind.transaction }>;

export type Registers = ReadonlyMap<InternalKey, readonly RegisterOperation[]>;

/** Stale reads are left out: they may see what was. */
export function registersOf(history: readonly Recorded[]): Registers {
  return new Dissection(history).registers();
}

class Dissection {
  readonly #history: readonly Recorded[];
  readonly #keys: readonly InternalKey[];
  readonly #registers = new Map<InternalKey, RegisterOperation[]>();
  /** What a key held at a revision, as far as anybody was told. */
  readonly #held = new Map<InternalKey, Map<Revision, string>>();

  constructor(history: readonly Recorded[]) {
    this.#history = history.filter(({ stale, operation }) => !stale && !looksBack(operation));
    const keys = this.#history.flatMap(({ operation }) => keysOf(operation));
    this.#keys = [...new Set(keys)].sort();
  }

  registers(): Registers {
    for (const recorded of this.#history) this.#noteRevisions(recorded);
    for (const recorded of this.#history) this.#dissect(recorded);
    for (const [key, operations] of this.#registers) {
      // What a text became by then, and whether it was there, such a register does not say: the log does.
      if (countsAndExpires(operations)) this.#registers.delete(key);
      else this.#registers.set(key, withoutUnseen(operations));
    }
    return this.#registers;
  }

  // What revisions stand for

  #noteRevisions({ operation, told }: Recorded): void {
    if (told === undefined || !("result" in told.answer)) return;
    const { result } = told.answer;
    if (operation.kind === operationKind.transaction) {
      if (typeof result === "number" || !("results" in result)) return;
      for (const [index, part] of operation.operations.entries()) {
        this.#noteRevision(part, result.results[index]);
      }
      return;
    }
    this.#noteRevision(operation, result);
  }

  #noteRevision(operation: Simple, result: OperationResult | undefined): void {
    if (operation.kind === operationKind.put && typeof result === "number") {
      this.#hold(operation.key, result, textOf(operation));
    }
    if (result === undefined || typeof result === "number" || !("key" in operation)) return;
    if (result.kind === operationKind.get && result.version !== undefined) {
      this.#hold(operation.key, result.version.revision, textOf(result.version));
    }
    if (result.kind === operationKind.increment) {
      this.#hold(operation.key, result.revision, String(result.value));
    }
  }

  #hold(key: InternalKey, revision: Revision, text: string): void {
    let held = this.#held.get(key);
    if (held === undefined) {
      held = new Map();
      this.#held.set(key, held);
    }
    held.set(revision, text);
  }

  #heldAt(key: InternalKey, revision: Revision): { readonly held: Held } | undefined {
    if (revision === absent) return { held: undefined };
    const text = this.#held.get(key)?.get(revision);
    return text === undefined ? undefined : { held: text };
  }

  // What operations did

  #dissect(recorded: Recorded): void {
    const { operation, told } = recorded;
    const answer = told === undefined ? undefined : told.answer;
    if (answer !== undefined && !("result" in answer)) {
      if (answer instanceof ConflictError) return this.#conflicted(recorded, answer);
      if (answer.outcome === "not executed") return;
    }
    const known = answer !== undefined && "result" in answer ? answer : undefined;
    if (operation.kind === operationKind.transaction) {
      const results = known && resultsOf(known.result);
      const checked = this.#checked(operation.checks);
      for (const [index, part] of operation.operations.entries()) {
        this.#dissectSimple(recorded, part, results?.[index], known, checked.get(part.key));
      }
      const written = new Set(operation.operations.filter(isConditional).map(({ key }) => key));
      for (const [key, { held }] of checked) {
        if (!written.has(key)) this.#add(recorded, key, { kind: "see", held }, known !== undefined);
      }
      return;
    }
    this.#dissectSimple(recorded, operation, known?.result, known);
  }

  /** It names the revision that was met: that is as good as having read the key. */
  #conflicted(recorded: Recorded, { actualRevision }: ConflictError): void {
    const { operation } = recorded;
    if (!("key" in operation)) return;
    const met = this.#heldAt(operation.key, actualRevision);
    if (met !== undefined) this.#add(recorded, operation.key, { kind: "see", ...met }, true);
  }

  #dissectSimple(
    recorded: Recorded,
    operation: Simple,
    result: OperationResult | undefined,
    answer: Answer | undefined,
    checked?: NonNullable<Needed>,
  ): void {
    const isTold = result !== undefined;
    switch (operation.kind) {
      case operationKind.put: {
        const text = textOf(operation);
        const needed = this.#needed(operation.key, operation.expectation) ?? checked;
        this.#add(recorded, operation.key, { kind: "write", text, needed }, isTold);
        if (operation.ttlMs > 0)
          this.#add(recorded, operation.key, { kind: "expire", text }, false);
        return;
      }
      case operationKind.delete: {
        const existed =
          isTold && typeof result === "object" && "existed" in result ? result.existed : undefined;
        const needed = this.#needed(operation.key, operation.expectation) ?? checked;
        return this.#add(recorded, operation.key, { kind: "remove", existed, needed }, isTold);
      }
      case operationKind.increment: {
        const { delta, key } = operation;
        const sum =
          isTold && typeof result === "object" && "value" in result ? result.value : undefined;
        return this.#add(recorded, key, { kind: "add", delta, sum }, isTold);
      }
      case operationKind.get: {
        if (!isTold || typeof result === "number" || !("version" in result)) return;
        const held = result.version && textOf(result.version);
        return this.#add(recorded, operation.key, { kind: "see", held }, true);
      }
      case operationKind.range:
        return this.#sawRange(recorded, operation, answer);
      // No client of the simulator asks for changes.
      case operationKind.changes:
        return;
      case operationKind.deleteRange:
        return this.#removedRange(recorded, operation, answer);
    }
  }

  #needed(key: InternalKey, expectation: Expectation): Needed {
    return expectation === expectNothing ? undefined : this.#heldAt(key, expectation);
  }

  /** What keys have to hold for a transaction to be executed at all, where that is known. */
  #checked(checks: readonly Check[]): ReadonlyMap<InternalKey, NonNullable<Needed>> {
    const checked = new Map<InternalKey, NonNullable<Needed>>();
    for (const check of checks) {
      const held =
        check.kind === checkKind.revision ? this.#heldAt(check.key, check.revision) : undefined;
      if (held !== undefined && "key" in check) checked.set(check.key, held);
    }
    return checked;
  }

  #sawRange(recorded: Recorded, operation: Range, answer: Answer | undefined): void {
    if (answer === undefined || operation.keysOnly) return;
    const { result } = answer;
    if (typeof result === "number" || !("rows" in result)) return;
    const rows = new Map(result.rows.map(({ key, version }) => [key, textOf(version)]));
    for (const key of this.#covered(operation, answer)) {
      this.#add(recorded, key, { kind: "see", held: rows.get(key) }, true);
    }
  }

  #removedRange(recorded: Recorded, operation: DeleteRange, answer: Answer | undefined): void {
    const effect = { kind: "remove", existed: undefined, needed: undefined } as const;
    for (const key of this.#covered(operation, answer)) {
      this.#add(recorded, key, effect, answer !== undefined);
    }
  }

  /** Keys the answer speaks of: those up to where it says that one has to go on. */
  #covered(operation: Range | DeleteRange, answer: Answer | undefined): readonly InternalKey[] {
    let { start, end } = operation;
    const isReverse = operation.kind === operationKind.range && operation.reverse;
    if (operation.cursor !== undefined && isReverse) end = operation.cursor;
    else if (operation.cursor !== undefined) start = keyAfter(operation.cursor);
    const cursor =
      answer !== undefined &&
      typeof answer.result === "object" &&
      answer.result.kind !== operationKind.changes &&
      "cursor" in answer.result
        ? answer.result.cursor
        : undefined;
    const rest = cursor === undefined ? answer?.rest : isReverse ? cursor : keyAfter(cursor);
    if (rest !== undefined && isReverse) start = rest;
    else if (rest !== undefined) end = rest;
    const covered: InternalKey[] = [];
    for (let at = this.#indexOf(start); at < this.#keys.length; at++) {
      const key = this.#keys[at];
      if (key === undefined || (end !== undefined && key >= end)) break;
      covered.push(key);
    }
    return covered;
  }

  /** Of the first key at or behind it. */
  #indexOf(bound: InternalKey): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? "") < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #add(recorded: Recorded, key: InternalKey, effect: Effect, isTold: boolean): void {
    const { invokedMs, told, client } = recorded;
    const returnedMs = isTold && told !== undefined ? told.atMs : Infinity;
    let operations = this.#registers.get(key);
    if (operations === undefined) {
      operations = [];
      this.#registers.set(key, operations);
    }
    operations.push({ effect, invokedMs, returnedMs, client });
  }
}

/**
 * A write of unknown outcome whose text nobody ever met explains nothing but a removal that found something, so it is
 * left out, and such removals are not held to what they found. One whose text expires may have removed what was there.
 */
function withoutUnseen(operations: readonly RegisterOperation[]): RegisterOperation[] {
  const met = new Set<Held>();
  for (const { effect, returnedMs } of operations) {
    if (effect.kind === "see") met.add(effect.held);
    if (effect.kind === "write" && effect.needed !== undefined) met.add(effect.needed.held);
    if (effect.kind === "remove" && effect.needed !== undefined) met.add(effect.needed.held);
    if (effect.kind === "write" && returnedMs !== Infinity) met.add(effect.text);
  }
  const isUnseen = ({ effect }: RegisterOperation): boolean =>
    effect.kind === "write" && !met.has(effect.text);
  const removal = { kind: "remove", existed: undefined, needed: undefined } as const;
  const anyUnseen = operations.some(isUnseen);
  return operations
    .filter((operation) => !isUnseen(operation))
    .map((operation) =>
      operation.effect.kind === "expire" && !met.has(operation.effect.text)
        ? { ...operation, effect: removal }
        : operation,
    )
    .map((operation) =>
      anyUnseen && operation.effect.kind === "remove" && operation.effect.existed === true
        ? { ...operation, effect: { ...operation.effect, existed: undefined } }
        : operation,
    );
}

/** It expires with another text than it was written with. */
function countsAndExpires(operations: readonly RegisterOperation[]): boolean {
  const kinds = new Set(operations.map(({ effect }) => effect.kind));
  return kinds.has("add") && kinds.has("expire");
}

/** Such an effect says itself what it needs. */
function isConditional({ kind }: TransactionOperation): boolean {
  return kind === operationKind.put || kind === operationKind.delete;
}

function keysOf(operation: Recorded["operation"]): readonly InternalKey[] {
  if (operation.kind === operationKind.transaction) return operation.operations.flatMap(keysOf);
  return "key" in operation ? [operation.key] : [];
}

function resultsOf(result: OperationResult): readonly OperationResult[] | undefined {
  return typeof result === "object" && "results" in result ? result.results : undefined;
}
