/** One hot path, as `npm run bench:micro` measures it. */

export interface MicroCase {
  readonly name: string;
  /** Operations one run makes. */
  readonly operations: number;
  /** Makes what a run uses up. Not measured. */
  readonly prepare?: () => void;
  readonly run: () => void | Promise<void>;
  /** Removes what the case left behind. */
  readonly close?: () => Promise<void>;
}

/** How much is measured at once. */
export interface Scale {
  /** Puts of one table, a multiple of `putsPerFrame`. */
  readonly puts: number;
  /** Of everything that is not a put. */
  readonly others: number;
}

export const putsPerFrame = 256;
