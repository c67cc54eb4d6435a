/** Randomness, as a port: member ids, session ids, election delays and retry jitter come from here only. */
export interface Randomness {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A random safe integer in [1, 2^52). */
  identifier(): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}
