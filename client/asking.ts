/** One question that is asked until it is answered often enough, nobody waits any more, or its time is up. */
import type { Cancel, Clock } from "../infra/clock/clock.ts";
import type { SynodError } from "../infra/errors/synod-error.ts";
import type { Transport } from "../infra/transport/transport.ts";
import { AbortWatch } from "./abort-watch.ts";
import type { Correspondent, Inbox } from "./core/inbox.ts";
import { AbortedError } from "./errors.ts";

export interface AskingOptions {
  readonly transport: Transport;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly subject: string;
  readonly signal: AbortSignal | undefined;
  /** With every answer that is JSON. */
  readonly heard: (answer: unknown) => void;
  readonly failed: (failure: SynodError) => void;
  readonly ended: () => void;
}

/** Between two times of asking: whoever is to answer may be changing. */
const askAgainMs = 500;

export class Asking implements Correspondent {
  readonly #options: AskingOptions;
  readonly #ticket: number;
  #attempt = 0;
  #cancelNext: Cancel | undefined;
  #cancelEnd: Cancel | undefined;
  #release: (() => void) | undefined;

  constructor(options: AskingOptions) {
    this.#options = options;
    this.#ticket = options.inbox.open(this);
  }

  begin(): void {
    const { signal } = this.#options;
    if (signal !== undefined) {
      this.#release = new AbortWatch().heed(signal, () => this.#aborted());
    }
    this.#ask();
  }

  /** Calls back when the time is up before it was ended otherwise. */
  endsAfter(timeMs: number, timeIsUp: () => void): void {
    this.#cancelEnd = this.#options.clock.after(timeMs, () => {
      this.end();
      timeIsUp();
    });
  }

  end(): void {
    const { inbox, ended } = this.#options;
    inbox.close(this.#ticket);
    this.#cancelNext?.();
    this.#cancelEnd?.();
    this.#release?.();
    ended();
  }

  fail(failure: SynodError): void {
    this.end();
    this.#options.failed(failure);
  }

  received(_: number, payload: Uint8Array): void {
    // Empty: nobody listens there yet.
    if (payload.length === 0) return;
    let answer: unknown;
    try {
      answer = JSON.parse(Buffer.from(payload).toString("utf8"));
    } catch {
      return;
    }
    this.#options.heard(answer);
  }

  #aborted(): void {
    const reason: unknown = this.#options.signal?.reason;
    this.fail(new AbortedError("the question was aborted", reason, "not executed"));
  }

  #ask(): void {
    const { transport, inbox, clock, subject } = this.#options;
    this.#attempt += 1;
    const reply = inbox.replySubject(this.#ticket, this.#attempt);
    transport.publish(subject, new Uint8Array(0), { reply });
    this.#cancelNext = clock.after(askAgainMs, () => this.#ask());
  }
}
