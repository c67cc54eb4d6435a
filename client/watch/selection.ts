/** Which keys a part of a watch is for. Parts that are for the same keys share the work of looking through a feed. */
import type { KeyRange } from "../../kv/commands/operation.ts";
import { keyAfter } from "../../kv/internal-key.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { KeyFilter } from "./key-filter.ts";
import { inRange } from "./key-ranges.ts";

export class Selection {
  /** Equal for the same keys. */
  readonly name: string;
  /** The key, where it is for one alone. */
  readonly onlyKey: InternalKey | undefined = undefined;
  readonly #ranges: readonly KeyRange[];
  readonly #filter: KeyFilter | undefined;

  constructor(ranges: readonly KeyRange[], filter: KeyFilter | undefined) {
    this.#ranges = ranges;
    this.#filter = filter;
    this.name = JSON.stringify([ranges, filter?.name]);
    const [first, second] = ranges;
    if (first === undefined || second !== undefined || first.end !== keyAfter(first.start)) return;
    if (filter === undefined || filter.matches(first.start)) this.onlyKey = first.start;
  }

  has(key: InternalKey): boolean {
    for (const range of this.#ranges) {
      if (inRange(range, key)) return this.#filter === undefined || this.#filter.matches(key);
    }
    return false;
  }
}
