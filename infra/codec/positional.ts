/**
 * Reads the elements of a decoded msgpack array in order and checks each: types, ranges and lengths are never taken
 * on trust.
 */
import type { Ballot } from "../../machines/ballot.ts";
import { problemOf } from "./malformed.ts";
import { readMsgpack } from "./msgpack-value.ts";

/** A message that does not have the shape its type demands. */
export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
}

/** Throws `MalformedMessage` for bytes that are no msgpack array. */
export function positionalOf(bytes: Uint8Array): Positional {
  let decoded: unknown;
  try {
    decoded = readMsgpack(bytes);
  } catch (thrown) {
    throw new MalformedMessage(`not a msgpack value: ${problemOf(thrown)}`);
  }
  return new Positional(decoded);
}

export class Positional {
  readonly #elements: readonly unknown[];
  #at = 0;

  constructor(value: unknown) {
    if (!Array.isArray(value)) throw new MalformedMessage(`expected an array, got ${typeof value}`);
    this.#elements = value;
  }

  get rest(): number {
    return this.#elements.length - this.#at;
  }

  /** A safe integer of at least 0. */
  natural(): number {
    const value = this.#next();
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      throw this.#unexpected("a natural number", value);
    }
    return value;
  }

  finite(): number {
    const value = this.#next();
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw this.#unexpected("a number", value);
    }
    return value;
  }

  truth(): boolean {
    const value = this.#next();
    if (typeof value !== "boolean") throw this.#unexpected("true or false", value);
    return value;
  }

  text(lengthMax = 1024): string {
    const value = this.#next();
    if (typeof value !== "string" || value.length > lengthMax) {
      throw this.#unexpected(`a text of at most ${lengthMax} characters`, value);
    }
    return value;
  }

  optionalText(lengthMax = 1024): string | undefined {
    return this.#absent() ? undefined : this.text(lengthMax);
  }

  /** A copy: the decoded bytes are a window onto the message, which is only lent. */
  bytes(): Uint8Array {
    const value = this.#next();
    if (!(value instanceof Uint8Array)) throw this.#unexpected("bytes", value);
    return Buffer.from(value);
  }

  optionalBytes(): Uint8Array | undefined {
    return this.#absent() ? undefined : this.bytes();
  }

  ballot(): Ballot {
    const inner = new Positional(this.#next());
    return { epoch: inner.natural(), round: inner.natural(), member: inner.natural() };
  }

  optionalBallot(): Ballot | undefined {
    return this.#absent() ? undefined : this.ballot();
  }

  list<Element>(lengthMax: number, read: (element: Positional) => Element): Element[] {
    const value = this.#next();
    if (!Array.isArray(value) || value.length > lengthMax) {
      throw this.#unexpected(`a list of at most ${lengthMax}`, value);
    }
    return value.map((element) => read(new Positional(element)));
  }

  naturals(lengthMax: number): number[] {
    const inner = this.nested();
    if (inner.rest > lengthMax) throw new MalformedMessage(`more than ${lengthMax} numbers`);
    const numbers: number[] = [];
    while (inner.rest > 0) numbers.push(inner.natural());
    return numbers;
  }

  texts(lengthMax: number): string[] {
    const inner = this.nested();
    if (inner.rest > lengthMax) throw new MalformedMessage(`more than ${lengthMax} texts`);
    const texts: string[] = [];
    while (inner.rest > 0) texts.push(inner.text());
    return texts;
  }

  nested(): Positional {
    return new Positional(this.#next());
  }

  plainObject(): Readonly<Record<string, unknown>> {
    const value = this.#next();
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#unexpected("a map", value);
    }
    return value as Record<string, unknown>;
  }

  #absent(): boolean {
    const value = this.#elements[this.#at];
    if (value !== null && value !== undefined) return false;
    this.#at += 1;
    return true;
  }

  #next(): unknown {
    const value = this.#elements[this.#at];
    this.#at += 1;
    return value;
  }

  #unexpected(wanted: string, value: unknown): MalformedMessage {
    return new MalformedMessage(`element ${this.#at}: expected ${wanted}, got ${typeof value}`);
  }
}
