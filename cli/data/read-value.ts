/** A value from where the user put it: the command line, or standard input. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import { valueBytesMax } from "../../kv/limits.ts";

/** What the command line says, or, for `-` and for nothing, all of standard input, byte for byte. */
export async function valueFrom(
  argument: string | undefined,
  note: (line: string) => void,
): Promise<string | Uint8Array> {
  if (argument !== undefined && argument !== "-") return argument;
  return readInput(valueBytesMax, note);
}

/** Throws `VALUE_TOO_LARGE` as soon as there is more: the input may never end. */
export async function readInput(
  bytesMax: number,
  note: (line: string) => void,
): Promise<Uint8Array> {
  if (process.stdin.isTTY) note("reading standard input; Ctrl-D ends it");
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes <= bytesMax) continue;
    throw new SynodError("VALUE_TOO_LARGE", `standard input has more than ${bytesMax} bytes`);
  }
  return Buffer.concat(pieces);
}
