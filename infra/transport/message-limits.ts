/** What one message may carry, checked the same way by every transport, before anything of it is sent. */
import { SynodError } from "../errors/synod-error.ts";

type Headers = Readonly<Record<string, string>>;

/** `NATS/1.0`, its line end, and the empty line that ends the headers. */
const frameBytes = 12;
/** The colon and blank behind a name, and the line end. */
const lineBytes = 4;

export function requireFits(
  subject: string,
  payloadBytes: number,
  headers: Headers | undefined,
  bytesMax: number,
): void {
  const bytes = headers === undefined ? payloadBytes : payloadBytes + headersBytes(headers);
  if (bytes <= bytesMax) return;
  throw new SynodError(
    "FRAME_TOO_LARGE",
    `a message of ${bytes} bytes to ${subject} exceeds the server's max_payload of ${bytesMax} bytes`,
  );
}

function headersBytes(headers: Headers): number {
  let bytes = frameBytes;
  for (const [name, value] of Object.entries(headers)) {
    // A line break in a value would end the header, and what follows would be read as another.
    if (!/^[!-9;-~]+$/.test(name) || /[\r\n]/.test(value)) {
      throw new SynodError(
        "BAD_REQUEST",
        `${JSON.stringify(name)}: ${JSON.stringify(value)} is no header: names are visible ASCII without colon, values have no line break`,
      );
    }
    bytes += name.length + Buffer.byteLength(value) + lineBytes;
  }
  return bytes;
}
