/**
 * A rolling hash over what apply did. Two replicas that applied the same entries to the same state hold the same
 * value at the same slot; one that differs anywhere keeps differing, because each step is a bijection.
 */
export class Checksum {
  /** 32 bits, unsigned. */
  #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  get value(): number {
    return this.#value >>> 0;
  }

  /** Mixes in a safe integer. */
  mix(number: number): void {
    this.#value = scramble(
      scramble(this.#value ^ (number | 0)) ^ Math.floor(number / 0x1_0000_0000),
    );
  }

  /** Mixes in a string of bytes. */
  mixText(text: string): void {
    for (let at = 0; at < text.length; at++) {
      this.#value = scramble(this.#value ^ text.charCodeAt(at));
    }
  }
}

function scramble(value: number): number {
  const product = Math.imul(value, 0x9e37_79b1);
  return product ^ (product >>> 15);
}
