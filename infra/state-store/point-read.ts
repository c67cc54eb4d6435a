/** Finding one version of one key in the runs of a group, newest run first. */
import type { Revision } from "../../kv/revision.ts";
import { keepsHistory, type InternalKey, type Space } from "../../kv/state-reader.ts";
import type { Version } from "../../kv/version.ts";
import type { BlockBytes, RunDevice } from "./block-device.ts";
import { blockContent, cellCount, readBlock } from "./block-format.ts";
import { cellAt, firstAtOrBehind, hasKey } from "./block-search.ts";
import { lentVersion, readVersion, ValueKeeper } from "./cell-format.ts";
import type { Run } from "./run.ts";
import { SearchKey } from "./stored-key.ts";
import type { TrustPeriod } from "./verified-blocks.ts";

export class PointReader {
  readonly #device: RunDevice;
  readonly #trust: TrustPeriod;
  readonly #key = new SearchKey();
  readonly #values = new ValueKeeper();

  constructor(device: RunDevice, trust: TrustPeriod) {
    this.#device = device;
    this.#trust = trust;
  }

  /**
   * Runs are ordered by time, and so are the versions of a key: the newest run that holds one at or below the
   * revision holds the newest of them.
   */
  find(
    runs: readonly Run[],
    from: Space,
    key: InternalKey,
    atOrBelow: Revision,
    lent: boolean,
  ): Version | undefined {
    this.#key.set(from, key);
    const hash = this.#key.hash();
    // Where no history is kept, merges may have dropped any version but the newest: only that one counts.
    const revision = keepsHistory(from) ? atOrBelow : Number.MAX_SAFE_INTEGER;
    for (const run of runs) {
      if (run.descriptor.minRevision > revision || !run.mayContain(hash)) continue;
      const version = this.#findInRun(run, revision, lent);
      if (version !== undefined) return version.revision <= atOrBelow ? version : undefined;
    }
    return undefined;
  }

  #findInRun(run: Run, revision: Revision, lent: boolean): Version | undefined {
    const number = run.lastBlockNotBehind(this.#key, revision);
    if (number >= 0) {
      const block = this.#read(run, number);
      const position = firstAtOrBehind(block, this.#key, revision);
      if (position < cellCount(block)) return this.#versionAt(block, position, lent);
    }
    // Every cell so far lies before the position: the next block's first cell is the first behind it.
    const next = number + 1;
    if (next === run.descriptor.blocks || !run.beginsWith(next, this.#key)) return undefined;
    return this.#versionAt(this.#read(run, next), 0, lent);
  }

  #read({ descriptor, verified }: Run, number: number): BlockBytes {
    const trust = this.#trust;
    const isTrusted = verified.has(number, trust.number);
    const { cells } = blockContent;
    const block = readBlock(this.#device, descriptor.id, number, cells, isTrusted);
    if (!isTrusted) {
      verified.add(number, trust.number);
      trust.begin();
    }
    return block;
  }

  #versionAt(block: BlockBytes, position: number, lent: boolean): Version | undefined {
    const { bytes, view } = block;
    const cell = cellAt(block, cellCount(block), position);
    if (!hasKey(view, cell, this.#key)) return undefined;
    return lent ? lentVersion(bytes, view, cell) : readVersion(bytes, view, cell, this.#values);
  }
}
