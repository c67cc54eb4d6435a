/** Passwords that a cluster on one machine makes up for its own nats-server. */
import type { Randomness } from "../randomness/randomness.ts";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const lettersAndDigits = `${letters}0123456789`;
/** 24 characters of 62 are more than 128 bits. */
const passwordLength = 24;

/**
 * A letter, then letters and digits. nats-server reads a variable from the environment as if it stood in the
 * configuration file: a value such as `12345`, `3m` or `1e5` would be a number there, and refused as a password.
 */
export function devPassword(randomness: Randomness): string {
  let password = pick(letters, randomness);
  while (password.length < passwordLength) password += pick(lettersAndDigits, randomness);
  return password;
}

/** Every character equally likely: bytes above the last full round of the alphabet are drawn again. */
function pick(alphabet: string, randomness: Randomness): string {
  const usable = 256 - (256 % alphabet.length);
  for (;;) {
    const byte = randomness.bytes(1)[0] ?? usable;
    if (byte < usable) return alphabet.charAt(byte % alphabet.length);
  }
}
