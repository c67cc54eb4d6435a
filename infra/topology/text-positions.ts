/** Line and column of every place in a text, both from 1. */

export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

export class TextPositions {
  /** Offsets at which lines start; ascending, the first is 0. */
  readonly #lineStarts: readonly number[];

  constructor(text: string) {
    const starts = [0];
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) {
      starts.push(end + 1);
    }
    this.#lineStarts = starts;
  }

  at(offset: number): TextPosition {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }
}
