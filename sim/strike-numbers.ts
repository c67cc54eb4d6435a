/** Numbers of strikes as text: `3,7-9` are 3, 7, 8 and 9. */

const part = /^(\d+)(?:-(\d+))?$/;
/** More than any run has; a typing error must not fill the memory. */
const numberMax = 100_000;

/** Undefined when the text is none. */
export function parseStrikeNumbers(text: string): ReadonlySet<number> | undefined {
  const numbers = new Set<number>();
  for (const piece of text.split(",")) {
    const found = part.exec(piece.trim());
    const from = Number(found?.[1]);
    const through = Number(found?.[2] ?? found?.[1]);
    if (!(from <= through && through <= numberMax)) return undefined;
    for (let number = from; number <= through; number++) numbers.add(number);
  }
  return numbers;
}

export function formatStrikeNumbers(numbers: Iterable<number>): string {
  const runs: [from: number, through: number][] = [];
  for (const number of [...numbers].sort((left, right) => left - right)) {
    const last = runs.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, through]) => (from === through ? from : `${from}-${through}`)).join(",");
}
