/** Raised inside a decoder and caught at its boundary: bytes from outside never throw any further. */
export class MalformedBytes extends Error {
  override readonly name = "MalformedBytes";
}

export function malformed(problem: string): MalformedBytes {
  return new MalformedBytes(problem);
}

/** What was wrong, as text for whoever sent the bytes; anything but malformed bytes is thrown on. */
export function problemOf(thrown: unknown): string {
  if (thrown instanceof MalformedBytes) return thrown.message;
  throw thrown;
}
