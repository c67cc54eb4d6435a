/**
 * Where answers arrive. Every frame and question has a ticket, and the reply subject names ticket and attempt: so an
 * answer, even an empty one, is never taken for the answer to something else or to another attempt.
 */
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";

export interface Correspondent {
  /** The payload is lent for the call. It is empty when nobody was there to hear the attempt. */
  received(attempt: number, payload: Uint8Array): void;
}

export class Inbox {
  readonly #prefix: string;
  readonly #correspondents = new Map<number, Correspondent>();
  #ticketsIssued = 0;
  /** Answers to what is over. */
  #late = 0;

  /** Takes the transport's whole inbox. */
  constructor(transport: Transport) {
    this.#prefix = `${transport.inboxPrefix}.`;
    transport.subscribe(`${this.#prefix}*.*`, (message) => this.#received(message));
  }

  get late(): number {
    return this.#late;
  }

  /** What has a ticket. */
  get waiting(): number {
    return this.#correspondents.size;
  }

  open(correspondent: Correspondent): number {
    const ticket = ++this.#ticketsIssued;
    this.#correspondents.set(ticket, correspondent);
    return ticket;
  }

  /** Whatever still comes for the ticket is dropped. */
  close(ticket: number): void {
    this.#correspondents.delete(ticket);
  }

  replySubject(ticket: number, attempt: number): string {
    return `${this.#prefix}${ticket}.${attempt}`;
  }

  #received({ subject, payload }: InboundMessage): void {
    const dot = subject.indexOf(".", this.#prefix.length);
    const ticket = Number(subject.slice(this.#prefix.length, dot));
    const correspondent = this.#correspondents.get(ticket);
    if (correspondent === undefined) this.#late++;
    else correspondent.received(Number(subject.slice(dot + 1)), payload);
  }
}
