/** The real randomness: the operating system's, drawn in blocks because each call into it costs a microsecond. */
import { joinedFraction, joinedIdentifier } from "./random-words.ts";
import type { Randomness } from "./randomness.ts";

const block = new Uint32Array(1024);
/** Words of the block that were handed out; each is used once. */
let wordsUsed = block.length;

function nextWord(): number {
  if (wordsUsed === block.length) {
    crypto.getRandomValues(block);
    wordsUsed = 0;
  }
  const word = block[wordsUsed] as number;
  wordsUsed += 1;
  return word;
}

export const systemRandomness: Randomness = {
  fraction: () => joinedFraction(nextWord(), nextWord()),
  identifier: () => joinedIdentifier(nextWord),
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};
