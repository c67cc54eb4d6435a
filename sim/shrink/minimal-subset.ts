/**
 * Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002): of a set with a
 * property, a part that has it too and loses it when any one element is taken away.
 */

export async function minimalSubset<Unit>(
  units: readonly Unit[],
  holds: (part: readonly Unit[]) => Promise<boolean>,
): Promise<readonly Unit[]> {
  if (units.length === 0 || (await holds([]))) return [];
  let kept = units;
  let pieces = 2;
  while (kept.length >= 2) {
    const smaller = await smallerPart(kept, Math.min(pieces, kept.length), holds);
    if (smaller !== undefined) {
      pieces = Math.max(2, smaller.isComplement ? pieces - 1 : 2);
      kept = smaller.part;
    } else if (pieces >= kept.length) {
      return kept;
    } else {
      pieces = Math.min(kept.length, pieces * 2);
    }
  }
  return kept;
}

interface Smaller<Unit> {
  readonly part: readonly Unit[];
  readonly isComplement: boolean;
}

async function smallerPart<Unit>(
  units: readonly Unit[],
  pieces: number,
  holds: (part: readonly Unit[]) => Promise<boolean>,
): Promise<Smaller<Unit> | undefined> {
  const bounds = Array.from({ length: pieces + 1 }, (_, piece) =>
    Math.floor((piece * units.length) / pieces),
  );
  const isIn = (at: number, piece: number): boolean =>
    at >= (bounds[piece] ?? 0) && at < (bounds[piece + 1] ?? 0);
  for (let piece = 0; piece < pieces; piece++) {
    const part = units.filter((_, at) => isIn(at, piece));
    if (await holds(part)) return { part, isComplement: false };
  }
  // Of two pieces each is the other's complement.
  if (pieces === 2) return undefined;
  for (let piece = 0; piece < pieces; piece++) {
    const part = units.filter((_, at) => !isIn(at, piece));
    if (await holds(part)) return { part, isComplement: true };
  }
  return undefined;
}
