/**
 * When to merge which runs. Runs of similar size are merged when there are enough of them, so that a cell is
 * rewritten once per power of the fan-in and not once per checkpoint; and what newer versions have hidden is thrown
 * out when there is more of it than of what is not hidden. Runs of unlike sizes may pile up between each other, each size
 * with too few of its own: from some number on the cheapest few are merged, whatever their sizes.
 */
import type { Revision } from "../../kv/revision.ts";
import type { RunDescriptor } from "./run.ts";

export interface MergePolicy {
  /** Runs of one tier that are merged into one of the next. */
  readonly fanIn: number;
  /** As many as that if they are so large: before there are, most of what they hold is usually hidden. */
  readonly large?: { readonly bytes: number; readonly fanIn: number };
  /** Runs below this size are all alike. */
  readonly smallBytes: number;
  /** Bytes of hidden versions, relative to those that are not, that are worth rewriting these. */
  readonly garbageRatio: number;
}

/** Estimates may be wrong: what came after the oldest run is rewritten with it, too, when it is so many times the ratio. */
const unknowing = 8;

/** With so many runs of a group there is always something to merge. */
export const runsLate = 32;

export const defaultMergePolicy: MergePolicy = {
  fanIn: 8,
  large: { bytes: 128 * 1024 * 1024, fanIn: 16 },
  smallBytes: 256 * 1024,
  garbageRatio: 1.5,
};

/** A window of consecutive runs, by their positions in a list that begins with the newest. */
export interface MergeWindow {
  readonly first: number;
  readonly behind: number;
}

/** `hiddenBytes`: of versions that the run at a position hides, in itself and in those behind it. */
export function chooseMerge(
  runs: readonly RunDescriptor[],
  watermark: Revision,
  policy: MergePolicy,
  hiddenBytes: (position: number) => number,
): MergeWindow | undefined {
  // First of all there are to be fewer of them again: checkpoints would wait behind a merge that takes minutes.
  if (runs.length >= runsLate) return chooseCheapest(runs, policy);
  return chooseGarbage(runs, watermark, policy, hiddenBytes) ?? chooseTier(runs, policy);
}

/**
 * The oldest runs, as far as they lie entirely at or below the watermark: of each key they hold, at most one version in
 * all of them together survives the merge.
 */
function chooseGarbage(
  runs: readonly RunDescriptor[],
  watermark: Revision,
  policy: MergePolicy,
  hiddenBytes: (position: number) => number,
): MergeWindow | undefined {
  let first = runs.length;
  let bytes = 0;
  let hidden = 0;
  for (let position = first - 1; position >= 0; position -= 1) {
    const run = runs[position];
    if (run === undefined || run.maxRevision > watermark) break;
    bytes += run.bytes;
    hidden += hiddenBytes(position);
    first = position;
  }
  if (runs.length - first < 2) return undefined;
  const oldest = runs.at(-1)?.bytes ?? 0;
  const isWorthIt =
    hidden >= (bytes - hidden) * policy.garbageRatio ||
    bytes - oldest >= oldest * policy.garbageRatio * unknowing;
  return isWorthIt ? { first, behind: runs.length } : undefined;
}

/** The newest runs up to the first one of a higher tier, if enough of them are of the highest tier among them. */
function chooseTier(runs: readonly RunDescriptor[], policy: MergePolicy): MergeWindow | undefined {
  const tiers = runs.map((run) => tierOf(run.bytes, policy));
  const highest = Math.max(0, ...tiers);
  for (let tier = 0; tier <= highest; tier += 1) {
    const higher = tiers.findIndex((other) => other > tier);
    const behind = higher < 0 ? runs.length : higher;
    const alike = runs.slice(0, behind).filter((_, index) => tiers[index] === tier);
    if (alike.length >= fanInOf(alike, policy)) return { first: 0, behind };
  }
  return undefined;
}

function fanInOf(runs: readonly RunDescriptor[], { fanIn, large }: MergePolicy): number {
  return large !== undefined && runs.every(({ bytes }) => bytes >= large.bytes)
    ? large.fanIn
    : fanIn;
}

/** As many neighbours as a tier would have, that are the fewest bytes to rewrite. */
function chooseCheapest(runs: readonly RunDescriptor[], policy: MergePolicy): MergeWindow {
  const count = Math.min(policy.fanIn, runs.length);
  let cheapest: MergeWindow = { first: 0, behind: count };
  let fewest = Infinity;
  for (let first = 0; first + count <= runs.length; first += 1) {
    const window = runs.slice(first, first + count);
    const bytes = window.reduce((sum, run) => sum + run.bytes, 0);
    if (bytes >= fewest) continue;
    fewest = bytes;
    cheapest = { first, behind: first + count };
  }
  return cheapest;
}

function tierOf(bytes: number, policy: MergePolicy): number {
  if (bytes < policy.smallBytes) return 0;
  // A hair below a power must not be one tier lower for want of the last digit.
  return 1 + Math.floor(Math.log(bytes / policy.smallBytes) / Math.log(policy.fanIn) + 1e-9);
}
