/**
 * Where a node's changes leave it. Whoever applies entries must never wait for whoever watches: what the NATS server
 * does not take, or not fast enough, is left out and counted, and those who watch notice the gap.
 */
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import type { DropCounts } from "../drop-counts.ts";

/** How much may be on its way to a server that has not said that it took it. */
const unconfirmedBytesMax = 32 * 2 ** 20;
/** How much is published between two questions whether it was taken. */
const bytesPerQuestion = 2 ** 20;

export class Outlet {
  readonly #transport: Transport;
  readonly #drops: DropCounts;
  /** Published, and not confirmed by an answer yet. */
  #unconfirmedBytes = 0;
  #bytesSinceQuestion = 0;

  constructor(transport: Transport, drops: DropCounts) {
    this.#transport = transport;
    this.#drops = drops;
  }

  get connected(): boolean {
    return this.#transport.connected;
  }

  get payloadBytesMax(): number {
    return this.#transport.payloadBytesMax;
  }

  /** Whether it left. Never throws. */
  publish(
    subject: string,
    payload: Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): boolean {
    if (!this.#transport.connected) return this.#leaveOut("not connected");
    if (this.#unconfirmedBytes + payload.length > unconfirmedBytesMax) {
      return this.#leaveOut("the NATS server does not keep up");
    }
    try {
      this.#transport.publish(subject, payload, headers === undefined ? {} : { headers });
    } catch (failure) {
      return this.#leaveOut(failure instanceof SynodError ? failure.code : String(failure));
    }
    this.#unconfirmedBytes += payload.length;
    this.#bytesSinceQuestion += payload.length;
    if (this.#bytesSinceQuestion >= bytesPerQuestion) this.#ask();
    return true;
  }

  /** A connection that is lost answers as well: nothing is on its way any more. */
  #ask(): void {
    const bytes = this.#bytesSinceQuestion;
    this.#bytesSinceQuestion = 0;
    this.#transport.flush(() => {
      this.#unconfirmedBytes -= bytes;
    });
  }

  #leaveOut(why: string): false {
    this.#drops.count(`change not published: ${why}`);
    return false;
  }
}
