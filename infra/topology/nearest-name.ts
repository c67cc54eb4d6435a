/** Guesses which name was meant by one that does not exist. */

/** Comparing with ever more names costs time and no longer helps a reader. */
const candidatesMax = 200;
const charactersMax = 64;

/** The candidate that differs in the fewest characters, if that is little enough to be a slip. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined;
  // In a name of two letters any slip makes another name: "n9" says nothing about which node was meant.
  let fewest = Math.floor(name.length / 3) + 1;
  for (const candidate of candidates.slice(0, candidatesMax)) {
    if (Math.abs(candidate.length - name.length) >= fewest) continue;
    const edits = editsBetween(name.slice(0, charactersMax), candidate.slice(0, charactersMax));
    if (edits >= fewest) continue;
    nearest = candidate;
    fewest = edits;
  }
  return nearest;
}

/** Levenshtein's distance, in any case of letters: insertions, deletions and replacements. */
function editsBetween(left: string, right: string): number {
  const target = right.toLowerCase();
  let previous = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const [row, letter] of left.toLowerCase().split("").entries()) {
    const current = [row + 1];
    for (let column = 0; column < target.length; column++) {
      const replaced = (previous[column] ?? 0) + (target[column] === letter ? 0 : 1);
      const removed = (previous[column + 1] ?? 0) + 1;
      const added = (current[column] ?? 0) + 1;
      current.push(Math.min(replaced, removed, added));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
