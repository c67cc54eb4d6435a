/**
 * The transport over a NATS server, with a NATS package and core NATS only. Every connection is a new one of that
 * package's, used until it is lost and then thrown away with whatever it still buffered: so nothing that was published
 * or received on an older connection can turn up on a newer one.
 */
import type { Cancel, Clock } from "../clock/clock.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { Randomness } from "../randomness/randomness.ts";
import { LinkSubscription } from "./link-subscription.ts";
import { requireFits } from "./message-limits.ts";
import type { NatsDialer, NatsLink } from "./nats-link.ts";
import { requirePublishSubjects, requireSubscribeSubject } from "./subject.ts";
import type {
  InboundMessage,
  PublishOptions,
  ReportProblem,
  Subscription,
  Transport,
  TransportProblem,
} from "./transport.ts";

export interface LinkTransportOptions {
  readonly dialer: NatsDialer;
  /** Must be a subject prefix that the server lets this user subscribe to. */
  readonly inboxPrefix?: string;
  readonly onProblem: ReportProblem;
  /** Between attempts to connect; up to as much again is added at random, so that nodes do not come back in step. */
  readonly reconnectDelayMs?: number;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** How long `close` waits for the server to take what was published. */
const closeFlushMsMax = 1_000;

interface PendingFlush {
  readonly done: (failure: Error | undefined) => void;
}

export class LinkTransport implements Transport {
  readonly inboxPrefix: string;
  readonly #options: LinkTransportOptions;
  readonly #dialer: NatsDialer;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  readonly #subscriptions = new Set<LinkSubscription>();
  /** Flushes of the present connection that wait for its server. */
  readonly #flushes = new Set<PendingFlush>();
  readonly #counters = { published: 0, received: 0, droppedWhileDisconnected: 0 };
  /** The present connection. Whatever holds another one is late and must have no effect. */
  #link: NatsLink | undefined;
  #connected = false;
  #connection = 0;
  #payloadBytesMax = 0;
  #cancelRedial: Cancel | undefined;
  /** To connect, failed ones included. */
  #attempts = 0;
  #dialing: Promise<void>;
  /** Set by `close`, for good. */
  #closed = false;
  #closing: Promise<void> | undefined;
  /** The `nats` package takes a message's options from here, which spares an object per message. */
  readonly #publishOptions: { reply: string; atOnce: boolean } = { reply: "", atOnce: false };

  /** Starts connecting at once, and tries again until `close`. */
  constructor(options: LinkTransportOptions) {
    this.#options = options;
    this.#dialer = options.dialer;
    this.#clock = options.clock;
    this.#randomness = options.randomness;
    this.inboxPrefix = options.inboxPrefix ?? `_INBOX.${this.#randomToken()}${this.#randomToken()}`;
    this.#dialing = this.#dial();
  }

  get connected(): boolean {
    return this.#connected;
  }

  get connection(): number {
    return this.#connection;
  }

  get payloadBytesMax(): number {
    return this.#payloadBytesMax;
  }

  get counters(): Transport["counters"] {
    return this.#counters;
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    const reply = options?.reply;
    const headers = options?.headers;
    requirePublishSubjects(subject, reply);
    const link = this.#link;
    if (link === undefined || !this.#connected || this.#closed || link.isClosed()) {
      this.#counters.droppedWhileDisconnected += 1;
      return;
    }
    requireFits(subject, payload.length, headers, this.#payloadBytesMax);
    this.#counters.published += 1;
    if (headers === undefined) {
      this.#publishOptions.reply = reply ?? "";
      this.#publishOptions.atOnce = options?.atOnce === true;
      link.publish(subject, payload, this.#publishOptions);
      return;
    }
    const lines = this.#dialer.newHeaders();
    for (const [name, value] of Object.entries(headers)) lines.append(name, value);
    link.publish(subject, payload, { reply: reply ?? "", headers: lines });
  }

  subscribe(subject: string, handler: (message: InboundMessage) => void): Subscription {
    requireSubscribeSubject(subject);
    const subscription = new LinkSubscription(subject, {
      accepts: (link) => link === this.#link && this.#connected,
      handle: (message) => {
        this.#counters.received += 1;
        try {
          handler(message);
        } catch (cause) {
          this.#report({ kind: "handler failed", subject: message.subject, cause });
        }
      },
      refused: (cause) =>
        this.#report({ kind: "permission refused", operation: "subscribe", subject, cause }),
      closed: () => void this.#subscriptions.delete(subscription),
    });
    this.#subscriptions.add(subscription);
    if (this.#link !== undefined && !this.#link.isClosed()) subscription.open(this.#link);
    return subscription;
  }

  flush(done: (failure: Error | undefined) => void): void {
    const link = this.#link;
    if (link === undefined || link.isClosed()) {
      const failure = notConnected("there is no connection to a NATS server", undefined);
      this.#clock.defer(() => this.#tell(() => done(failure)));
      return;
    }
    const pending = { done };
    this.#flushes.add(pending);
    const finish = (): void => {
      if (this.#flushes.delete(pending)) this.#tell(() => done(undefined));
    };
    // When the connection is lost first, `#lose` answers.
    link.flush().then(finish, () => {});
  }

  onConnectionChange(listener: (connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    this.#cancelRedial?.();
    for (const subscription of this.#subscriptions) subscription.close();
    const link = this.#link;
    this.#setConnected(false);
    if (link !== undefined && !link.isClosed()) await this.#flushed(link);
    this.#lose(undefined);
    await link?.close();
    await this.#dialing;
  }

  /** Ends when the server has taken everything, the connection is lost, or it takes too long. */
  #flushed(link: NatsLink): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(closeFlushMsMax, finish);
      function finish(): void {
        cancel();
        resolve();
      }
      link.flush().then(finish, finish);
      void link.closed().then(finish);
    });
  }

  async #dial(): Promise<void> {
    this.#cancelRedial = undefined;
    let link: NatsLink;
    try {
      const server = this.#attempts > 0 ? await this.#dialer.findServer() : undefined;
      if (this.#closed) return;
      this.#attempts += 1;
      link = await this.#dialer.connect(server);
    } catch (cause) {
      this.#attempts += 1;
      this.#redial(cause);
      return;
    }
    if (this.#closed) await link.close();
    else this.#adopt(link);
  }

  #redial(cause: unknown): void {
    if (this.#closed) return;
    this.#report({ kind: "not connected", cause });
    const delayMs = this.#options.reconnectDelayMs ?? 100;
    const jitterMs = delayMs * this.#randomness.fraction();
    this.#cancelRedial = this.#clock.after(delayMs + jitterMs, () => {
      this.#dialing = this.#dial();
    });
  }

  #adopt(link: NatsLink): void {
    this.#link = link;
    this.#connection += 1;
    this.#payloadBytesMax = link.info?.max_payload ?? 0;
    void this.#watchEnd(link);
    void this.#watchStatus(link);
    if (link.isClosed()) return;
    for (const subscription of this.#subscriptions) subscription.open(link);
    const ready = (): void => {
      if (this.#link === link && !this.#closed) this.#setConnected(true);
    };
    link.flush().then(ready, () => {});
  }

  async #watchEnd(link: NatsLink): Promise<void> {
    const failure = await link.closed();
    this.#end(link, notConnected("the connection to the NATS server was lost", failure));
  }

  /** Follows what the package reports on the side: refused permissions, and a server that stopped answering. */
  async #watchStatus(link: NatsLink): Promise<void> {
    for await (const status of link.status()) {
      if (status.type === "staleConnection") {
        this.#end(link, notConnected("the NATS server left pings unanswered", undefined));
        // The package by itself would wait for the socket, which may be stuck for as long as the server is.
        void link.close();
      }
      const subject = this.#dialer.refusedToPublish(status);
      if (subject === undefined) continue;
      const cause = new Error(`the NATS server refused to publish to ${subject}`);
      this.#report({ kind: "permission refused", operation: "publish", subject, cause });
    }
  }

  #end(link: NatsLink, cause: SynodError): void {
    if (this.#link !== link) return;
    this.#lose(cause);
    this.#redial(cause);
  }

  #lose(cause: SynodError | undefined): void {
    this.#link = undefined;
    this.#setConnected(false);
    const failure = cause ?? notConnected("the transport was closed", undefined);
    const unanswered = [...this.#flushes];
    this.#flushes.clear();
    for (const { done } of unanswered) this.#tell(() => done(failure));
  }

  #setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    for (const listener of this.#listeners) this.#tell(() => listener(connected));
  }

  #tell(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      this.#report({ kind: "listener failed", cause });
    }
  }

  /** An exception here would end the package's reading loop without a word: it is thrown where the process sees it. */
  #report(problem: TransportProblem): void {
    try {
      this.#options.onProblem(problem);
    } catch (failure) {
      this.#clock.defer(() => {
        throw failure;
      });
    }
  }

  #randomToken(): string {
    return this.#randomness.identifier().toString(36);
  }
}

function notConnected(message: string, cause: unknown): SynodError {
  return new SynodError("NOT_CONNECTED", message, { cause });
}
