/** What a group's log does to each key, in order, with the slots in which it does it. */
import { changeOperation, type Change } from "../../kv/change.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";

export interface LogChange {
  readonly change: Change;
  readonly slot: number;
}

export interface ChangeAmongOthers {
  readonly previous: LogChange | undefined;
  readonly found: LogChange;
  readonly next: LogChange | undefined;
}

export class LogVersions {
  readonly #byKey = new Map<InternalKey, LogChange[]>();

  /** In the order of the log. */
  constructor(changes: readonly LogChange[]) {
    for (const logged of changes) {
      const { key } = logged.change;
      const own = this.#byKey.get(key);
      if (own === undefined) this.#byKey.set(key, [logged]);
      else own.push(logged);
    }
  }

  get keys(): Iterable<readonly [InternalKey, readonly LogChange[]]> {
    return this.#byKey;
  }

  /** The change of that revision, and those of the same key before and behind it. */
  at(key: InternalKey, revision: Revision): ChangeAmongOthers | undefined {
    const own = this.#byKey.get(key) ?? [];
    let low = 0;
    let high = own.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((own[middle]?.change.revision ?? 0) < revision) low = middle + 1;
      else high = middle;
    }
    const found = own[low];
    if (found?.change.revision !== revision) return undefined;
    return { previous: own[low - 1], found, next: own[low + 1] };
  }
}

/** Undefined of a removal. */
export function textOfChange({ operation, source, start, end }: Change): string | undefined {
  if (operation !== changeOperation.put) return undefined;
  return Buffer.from(source.buffer, source.byteOffset + start, end - start).toString();
}
