/** Takes a stream of bytes apart at its line ends, and knows where each line stands. */

export interface Line {
  /** From 1 up. */
  readonly number: number;
  /** Where it begins and where the next one does, in bytes of the whole (decompressed) input. */
  readonly start: number;
  readonly end: number;
  /** Without its end. Undefined when there is more of it than `bytesMax`. */
  readonly bytes: Buffer | undefined;
}

const lineEnd = 0x0a;

/** `from` is where the input begins in the whole, and with which line. The last line may lack its end. */
export async function* readLines(
  input: AsyncIterable<Buffer>,
  bytesMax: number,
  from: { readonly offset: number; readonly number: number },
): AsyncGenerator<Line, void, undefined> {
  let { offset: start, number } = from;
  let pieces: Buffer[] = [];
  let length = 0;
  const finish = (rest: Buffer, endLength: number): Line => {
    length += rest.length;
    const isTooLong = length > bytesMax;
    const bytes = isTooLong ? undefined : Buffer.concat([...pieces, rest]);
    const line = { number, start, end: start + length + endLength, bytes };
    number += 1;
    start = line.end;
    pieces = [];
    length = 0;
    return line;
  };
  for await (const piece of input) {
    let read = 0;
    for (let at = piece.indexOf(lineEnd); at >= 0; at = piece.indexOf(lineEnd, read)) {
      yield finish(piece.subarray(read, at), 1);
      read = at + 1;
    }
    const rest = piece.subarray(read);
    length += rest.length;
    // What is too long already is counted, and not kept.
    if (length <= bytesMax) pieces.push(rest);
    else pieces = [];
  }
  if (length > 0) yield finish(Buffer.alloc(0), 0);
}
