/**
 * Reproducible randomness for simulations and tests. A stream is fixed by its seed and the names it was split
 * by, never by how much was drawn elsewhere: leaving one kind of fault out does not shift the others.
 */
import { joinedFraction, joinedIdentifier } from "./random-words.ts";
import type { Randomness } from "./randomness.ts";

export function seeded(seed: number | string): SeededRandomness {
  return new SeededRandomness(String(seed));
}

/** The generator is sfc32 (PractRand's small fast counter), seeded from the path by cyrb128. */
export class SeededRandomness implements Randomness {
  /** The seed and the names it was split by: names this stream. */
  readonly path: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #nextWord = (): number => this.#word();

  constructor(path: string) {
    this.path = path;
    const [a, b, c, d] = hashed(path);
    this.#a = a;
    this.#b = b;
    this.#c = c ^ d;
    // The first words still show the seed.
    for (let drawn = 0; drawn < 15; drawn += 1) this.#word();
  }

  /** An independent stream; the same name always gives the same stream, however much was drawn here before. */
  split(name: string): SeededRandomness {
    return new SeededRandomness(`${this.path}/${name}`);
  }

  fraction(): number {
    return joinedFraction(this.#word(), this.#word());
  }

  identifier(): number {
    return joinedIdentifier(this.#nextWord);
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index += 1) bytes[index] = this.#word();
    return bytes;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** True with that probability. Draws even when the answer is certain, so that a probability of 0 shifts nothing. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  #word(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}

/** Four well mixed words of a text (cyrb128). */
function hashed(text: string): [number, number, number, number] {
  let a = 1779033703;
  let b = 3144134277;
  let c = 1013904242;
  let d = 2773480762;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = d ^ Math.imul(c ^ code, 951274213);
    d = a ^ Math.imul(d ^ code, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  a ^= b ^ c ^ d;
  return [a, b ^ a, c ^ a, d ^ a];
}
