/** Cuts what a NATS server says to a client into its messages, so that some of them can be left out. */

const lineEnd = "\r\n";

export interface ProtocolFrame {
  /** Of a message; undefined for everything else that the server says. */
  readonly subject: string | undefined;
  readonly bytes: Buffer;
  /** Of a message without headers, which is all that nodes say to each other. */
  readonly payload: Buffer;
}

const noBytes: Buffer = Buffer.alloc(0);

export class FrameSplitter {
  #pending = noBytes;

  /** The frames that are complete with these bytes, in order. */
  push(bytes: Buffer): readonly ProtocolFrame[] {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const frames: ProtocolFrame[] = [];
    let at = 0;
    for (;;) {
      const frame = this.#frameAt(at);
      if (frame === undefined) break;
      frames.push(frame);
      at += frame.bytes.length;
    }
    this.#pending = this.#pending.subarray(at);
    return frames;
  }

  #frameAt(at: number): ProtocolFrame | undefined {
    const end = this.#pending.indexOf(lineEnd, at);
    if (end < 0) return undefined;
    const afterLine = end + lineEnd.length;
    const line = this.#pending.toString("latin1", at, end);
    const isMessage = line.startsWith("MSG ") || line.startsWith("HMSG ");
    if (!isMessage) {
      const bytes = this.#pending.subarray(at, afterLine);
      return { subject: undefined, bytes, payload: noBytes };
    }
    const length = Number(line.slice(line.lastIndexOf(" ") + 1));
    const afterMessage = afterLine + length + lineEnd.length;
    if (afterMessage > this.#pending.length) return undefined;
    const subject = line.split(" ", 2)[1];
    const bytes = this.#pending.subarray(at, afterMessage);
    return { subject, bytes, payload: this.#pending.subarray(afterLine, afterLine + length) };
  }
}
