/**
 * Searches for an order of one register's operations that explains every answer and respects real time (Wing and Gong,
 * with Lowe's memory of configurations that led nowhere). It knows nothing of logs, slots or revisions.
 */
import { applyEffect, impossible, type Effect, type Held } from "./register.ts";
import type { RegisterOperation } from "./register.ts";

/** Beyond it the search gives up without a verdict. */
const stepsMax = 200_000;

export type Verdict =
  | { readonly kind: "linearizable" }
  | { readonly kind: "undecided" }
  /** The longest explanation found ends before these. */
  | { readonly kind: "violated"; readonly explained: number; readonly next: string };

export function checkRegister(operations: readonly RegisterOperation[]): Verdict {
  return new Search(operations).run();
}

/** A decision of the search: this operation comes next. */
interface Choice {
  readonly before: Held;
  readonly operation: RegisterOperation;
  readonly isCertain: boolean;
  readonly index: number;
}

class Search {
  /** Told with an answer, by the time of their invocation: every explanation contains them. */
  readonly #certain: readonly RegisterOperation[];
  /** Of unknown outcome: an explanation may do without them. */
  readonly #possible: readonly RegisterOperation[];
  /** Equal for operations that do the same. */
  readonly #likeness: readonly string[];
  readonly #certainDone: boolean[];
  readonly #possibleDone: boolean[];
  /** Everything certain below it is done. */
  #first = 0;
  #held: Held = undefined;
  readonly #choices: Choice[] = [];
  /** What the register held in configurations that were tried, by what was done. */
  readonly #seen = new Map<number | string, Set<Held>>();
  #longest = 0;
  /** The first that the longest explanation does not contain, and what the register holds before it. */
  #stuckAt: { readonly next: RegisterOperation; readonly held: Held } | undefined;

  constructor(operations: readonly RegisterOperation[]) {
    const sorted = operations.toSorted((left, right) => left.invokedMs - right.invokedMs);
    this.#certain = sorted.filter(({ returnedMs }) => returnedMs !== Infinity);
    this.#possible = sorted.filter(({ returnedMs }) => returnedMs === Infinity);
    this.#likeness = this.#possible.map(({ effect }) => JSON.stringify(effect));
    this.#certainDone = this.#certain.map(() => false);
    this.#possibleDone = this.#possible.map(() => false);
  }

  run(): Verdict {
    let from = 0;
    for (let steps = 0; steps < stepsMax; steps++) {
      if (this.#first >= this.#certain.length) return { kind: "linearizable" };
      const next = this.#nextCandidate(from);
      if (next !== undefined) {
        this.#take(next);
        from = 0;
        continue;
      }
      const undone = this.#choices.pop();
      if (undone === undefined) {
        const stuck = this.#stuckAt;
        const text = stuck === undefined ? "" : textOf(stuck.next, stuck.held);
        return { kind: "violated", explained: this.#longest, next: text };
      }
      this.#undo(undone);
      from = undone.isCertain ? undone.index + 1 : this.#certain.length + undone.index + 1;
    }
    return { kind: "undecided" };
  }

  /** Candidates are numbered: the certain ones first, because the possible ones are rarely needed. */
  #nextCandidate(from: number): { readonly choice: Choice; readonly held: Held } | undefined {
    const { deadlineMs } = this;
    for (let index = Math.max(from, this.#first); index < this.#certain.length; index++) {
      const operation = this.#certain[index];
      if (operation === undefined || operation.invokedMs > deadlineMs) break;
      if (this.#certainDone[index] === true) continue;
      const found = this.#try(operation, true, index);
      if (found !== undefined) return found;
    }
    const tried = new Set<string>();
    for (let index = 0; index < this.#possible.length; index++) {
      const operation = this.#possible[index];
      if (operation === undefined || operation.invokedMs > deadlineMs) break;
      if (this.#possibleDone[index] === true) continue;
      // Of equal ones the earliest can stand for all: none of them has to be over at any time.
      const alike = this.#likeness[index] ?? "";
      if (tried.has(alike)) continue;
      tried.add(alike);
      if (index < from - this.#certain.length) continue;
      const found = this.#try(operation, false, index);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #try(
    operation: RegisterOperation,
    isCertain: boolean,
    index: number,
  ): { readonly choice: Choice; readonly held: Held } | undefined {
    const held = applyEffect(this.#held, operation.effect);
    if (held === impossible) return undefined;
    // A possible operation that changes nothing explains nothing.
    if (!isCertain && held === this.#held) return undefined;
    const choice = { before: this.#held, operation, isCertain, index };
    this.#mark(choice, true);
    const isNew = this.#isNew(held);
    this.#mark(choice, false);
    if (!isNew) return undefined;
    return { choice, held };
  }

  /** The next operation has to begin before every certain one that is not done is over. */
  get deadlineMs(): number {
    let deadlineMs = Infinity;
    for (let index = this.#first; index < this.#certain.length; index++) {
      const operation = this.#certain[index];
      if (operation === undefined || operation.invokedMs > deadlineMs) break;
      if (this.#certainDone[index] !== true)
        deadlineMs = Math.min(deadlineMs, operation.returnedMs);
    }
    return deadlineMs;
  }

  #take({ choice, held }: { readonly choice: Choice; readonly held: Held }): void {
    this.#choices.push(choice);
    this.#mark(choice, true);
    this.#held = held;
    while (this.#certainDone[this.#first] === true) this.#first += 1;
    if (this.#choices.length <= this.#longest) return;
    this.#longest = this.#choices.length;
    const next = this.#certain[this.#first];
    this.#stuckAt = next === undefined ? undefined : { next, held: this.#held };
  }

  #undo(choice: Choice): void {
    this.#mark(choice, false);
    this.#held = choice.before;
    if (choice.isCertain) this.#first = Math.min(this.#first, choice.index);
  }

  #mark({ isCertain, index }: Choice, done: boolean): void {
    (isCertain ? this.#certainDone : this.#possibleDone)[index] = done;
  }

  /** Whether the search comes to this configuration for the first time. */
  #isNew(held: Held): boolean {
    let first = this.#first;
    while (this.#certainDone[first] === true) first += 1;
    let done = "";
    const overMs = this.#certain[first]?.returnedMs ?? -Infinity;
    for (let index = first + 1; index < this.#certain.length; index++) {
      // Nothing that began after the first undone one was over can be done.
      if ((this.#certain[index]?.invokedMs ?? Infinity) > overMs) break;
      if (this.#certainDone[index] === true) done += `${index},`;
    }
    if (this.#possibleDone.includes(true)) {
      done += "/";
      for (const [index, isDone] of this.#possibleDone.entries()) if (isDone) done += `${index},`;
    }
    // Most configurations have nothing done ahead of the first undone one.
    const configuration = done === "" ? first : `${first}/${done}`;
    let texts = this.#seen.get(configuration);
    if (texts === undefined) {
      texts = new Set();
      this.#seen.set(configuration, texts);
    } else if (texts.has(held)) return false;
    texts.add(held);
    return true;
  }
}

function textOf({ client, invokedMs, effect }: RegisterOperation, held: Held): string {
  return `${client} at ${invokedMs} ms (${effectText(effect)}) while it holds ${held ?? "nothing"}`;
}

function effectText(effect: Effect): string {
  switch (effect.kind) {
    case "see":
      return `sees ${effect.held ?? "nothing"}`;
    case "write":
      return `writes ${effect.text}`;
    case "remove":
      return `removes, existed: ${effect.existed}`;
    case "add":
      return `adds ${effect.delta}, sum ${effect.sum}`;
    default:
      return `${effect.text} expires`;
  }
}
