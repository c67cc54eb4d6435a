/** Keys that are meant by a pattern, as NATS writes subjects: `*` stands for one part, a last `>` for one or more. */
import { byteStringOf, prefixEnd } from "../infra/codec/key-text.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import type { KeyRange } from "../kv/commands/operation.ts";
import { keyAfter } from "../kv/internal-key.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import { badRequest } from "./options.ts";

/** Whether a text is read as a pattern where one is allowed, and so is no key. */
export function isPattern(text: string): boolean {
  // Nearly no key has either character, and that is seen sooner.
  if (!text.includes("*") && !text.includes(">")) return false;
  return /(?:^|\.)[*>](?:\.|$)/.test(text);
}

/** One pattern or one key. */
export class KeyPattern {
  readonly #parts: readonly string[];

  /** Throws `BAD_KEY`. */
  constructor(text: string) {
    if (typeof text !== "string" || text === "") throw badPattern(text, "it is no text");
    this.#parts = text.split(".");
    const at = this.#parts.indexOf(">");
    if (at >= 0 && at < this.#parts.length - 1) {
      throw badPattern(text, "`>` stands for the rest and has to come last");
    }
  }

  matches(key: string): boolean {
    const given = key.split(".");
    const wanted = this.#parts;
    if (wanted.at(-1) === ">") {
      return given.length >= wanted.length && this.#agrees(given, wanted.length - 1);
    }
    return given.length === wanted.length && this.#agrees(given, wanted.length);
  }

  /** The smallest range that holds all keys it matches. */
  rangeIn(bucket: InternalKey): KeyRange {
    const at = this.#parts.findIndex((part) => part === "*" || part === ">");
    const certain = this.#parts.slice(0, at < 0 ? undefined : at).join(".");
    const start = bucket + byteStringOf(certain);
    if (at < 0) return { start, end: keyAfter(start) };
    const prefix = at === 0 ? bucket : `${start}.`;
    return { start: prefix, end: prefixEnd(prefix) };
  }

  #agrees(given: readonly string[], count: number): boolean {
    for (let at = 0; at < count; at++) {
      const wanted = this.#parts[at];
      if (wanted !== "*" && wanted !== given[at]) return false;
    }
    return true;
  }
}

/** Any of some patterns; everything when none is given. */
export class KeyFilter {
  /** Equal for filters that let the same keys pass, as far as that shows. */
  readonly name: string;
  readonly #patterns: readonly KeyPattern[];

  /** Throws `BAD_KEY`, and `BAD_REQUEST` for what is no list of texts. */
  constructor(filter: string | readonly string[] | undefined) {
    const texts = typeof filter === "string" ? [filter] : (filter ?? [">"]);
    if (!Array.isArray(texts) || texts.length === 0) {
      throw badRequest("a filter is a key, a pattern, or a list of some");
    }
    this.name = JSON.stringify(texts);
    this.#patterns = (texts as readonly string[]).map((text) => new KeyPattern(text));
  }

  matches(key: string): boolean {
    return this.#patterns.some((pattern) => pattern.matches(key));
  }

  /** In order, and apart from each other. */
  rangesIn(bucket: InternalKey): KeyRange[] {
    const ranges = this.#patterns.map((pattern) => pattern.rangeIn(bucket));
    ranges.sort((left, right) => (left.start < right.start ? -1 : 1));
    const apart: KeyRange[] = [];
    for (const range of ranges) {
      const last = apart.at(-1);
      if (last === undefined || !touches(last, range)) apart.push({ ...range });
      else if (last.end !== undefined && !(range.end !== undefined && range.end <= last.end)) {
        apart[apart.length - 1] = { start: last.start, end: range.end };
      }
    }
    return apart;
  }
}

/** The second begins no later than the first ends. */
function touches({ end }: KeyRange, { start }: KeyRange): boolean {
  return end === undefined || start <= end;
}

function badPattern(text: string, why: string): SynodError {
  return new SynodError("BAD_KEY", `${JSON.stringify(text)} is no pattern of keys: ${why}`, {
    nextStep: "Use a key, or parts with dots between them: * for any part, > for the rest.",
  });
}
