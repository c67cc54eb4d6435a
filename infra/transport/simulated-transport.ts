/** One process's connection to the simulated network: the same promises as the real transport's, on virtual time. */
import type { SimulatedProcess } from "../clock/simulated-process.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { SeededRandomness } from "../randomness/seeded-randomness.ts";
import { requireFits } from "./message-limits.ts";
import type { Route, SimulatedNetwork } from "./simulated-network.ts";
import { requirePublishSubjects, requireSubscribeSubject } from "./subject.ts";
import type {
  InboundMessage,
  PublishOptions,
  ReportProblem,
  Subscription,
  Transport,
} from "./transport.ts";

export interface SimulatedTransportOptions {
  /** Own subscriptions do not get own messages. */
  readonly noEcho?: boolean;
  readonly inboxPrefix?: string;
  readonly onProblem: ReportProblem;
  readonly reconnectDelayMs?: number;
}

/** A message as the broker took it: the payload is the broker's own copy. */
export interface SimulatedMessage {
  readonly sender: SimulatedTransport;
  /** The sender's connection on which it left. */
  readonly senderAttachment: number;
  /** Counts what the sender publishes. */
  readonly number: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly reply: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** A broken connection: of what was still in flight, everything up to a message is lost, or everything behind it. */
export interface Reset {
  readonly at: number;
  readonly loses: "start" | "end";
}

/** Virtual time for the handshake, for noticing a broken connection, and for a round trip of `flush`. */
const handshakeMs = 0.5;

interface PendingFlush {
  readonly done: (failure: Error | undefined) => void;
}

export class SimulatedTransport implements Transport {
  readonly process: SimulatedProcess;
  readonly inboxPrefix: string;
  readonly payloadBytesMax: number;
  readonly noEcho: boolean;
  /** By receiver; kept by the network. */
  readonly routes = new Map<SimulatedTransport, Route>();
  /** False keeps it from connecting again. */
  plugged = true;
  readonly #network: SimulatedNetwork;
  readonly #options: SimulatedTransportOptions;
  readonly #randomness: SeededRandomness;
  readonly #counters = { published: 0, received: 0, droppedWhileDisconnected: 0 };
  readonly #listeners: ((connected: boolean) => void)[] = [];
  readonly #subscriptions = new Set<SimulatedSubscription>();
  readonly #flushes = new Set<PendingFlush>();
  /** What the broker knows. The process may believe otherwise until it notices: see `connected`. */
  #attached = false;
  #attachment = 0;
  /** How the last connection ended. */
  #reset: Reset | undefined;
  #connected = false;
  #connection = 0;
  #closed = false;

  constructor(
    network: SimulatedNetwork,
    process: SimulatedProcess,
    randomness: SeededRandomness,
    options: SimulatedTransportOptions,
  ) {
    this.#network = network;
    this.process = process;
    this.#randomness = randomness;
    this.#options = options;
    this.noEcho = options.noEcho ?? false;
    this.payloadBytesMax = network.payloadBytesMax;
    this.inboxPrefix = options.inboxPrefix ?? `_INBOX.${randomness.identifier().toString(36)}`;
    process.onDeath(() => {
      this.#endAttachment();
      this.#leave();
    });
    process.schedule(handshakeMs, () => this.#connect());
  }

  get connected(): boolean {
    return this.#connected;
  }

  get connection(): number {
    return this.#connection;
  }

  get counters(): Transport["counters"] {
    return this.#counters;
  }

  /**
   * Raised when the connection breaks or its process dies: what was in flight belongs to the old one. Closing in
   * good order leaves it: what was published before arrives.
   */
  get attachment(): number {
    return this.#attachment;
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    requirePublishSubjects(subject, options?.reply);
    if (!this.#connected || !this.process.alive) {
      this.#counters.droppedWhileDisconnected += 1;
      return;
    }
    requireFits(subject, payload.length, options?.headers, this.payloadBytesMax);
    this.#counters.published += 1;
    if (!this.#attached) {
      this.#network.counters.lostInFlight += 1;
      return;
    }
    this.#network.route({
      sender: this,
      senderAttachment: this.#attachment,
      number: this.#counters.published,
      subject,
      payload: payload.slice(),
      reply: options?.reply,
      headers: options?.headers && { ...options.headers },
    });
  }

  subscribe(subject: string, handler: (message: InboundMessage) => void): Subscription {
    requireSubscribeSubject(subject);
    const subscription = new SimulatedSubscription(this, subject, (message) => {
      this.#counters.received += 1;
      const payload = this.#network.handOver(message.payload);
      try {
        handler(new SimulatedInboundMessage(message, payload));
      } catch (cause) {
        this.#options.onProblem({ kind: "handler failed", subject: message.subject, cause });
      }
    });
    this.#subscriptions.add(subscription);
    if (this.#attached) this.#network.subscribe(subscription);
    return subscription;
  }

  unsubscribe(subscription: SimulatedSubscription): void {
    this.#subscriptions.delete(subscription);
    this.#network.unsubscribe(subscription);
  }

  flush(done: (failure: Error | undefined) => void): void {
    if (!this.#attached) {
      this.process.schedule(0, () => this.#tell(() => done(notConnected())));
      return;
    }
    const pending = { done };
    this.#flushes.add(pending);
    const attachment = this.#attachment;
    this.process.schedule(handshakeMs, () => {
      // When the connection broke meanwhile, whoever notices that answers.
      if (this.#attachment !== attachment || !this.#flushes.delete(pending)) return;
      this.#tell(() => done(undefined));
    });
  }

  onConnectionChange(listener: (connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      for (const subscription of this.#subscriptions) subscription.close();
      this.#leave();
      this.#noticeLoss();
    }
    return Promise.resolve();
  }

  /** For the network: the broker and this process lose each other; the process notices a little later. */
  breakConnection(noticeMs = handshakeMs): void {
    if (!this.#attached) return;
    this.#network.counters.disconnects += 1;
    this.#endAttachment();
    this.#detach();
    this.process.schedule(noticeMs, () => {
      this.#noticeLoss();
      this.#options.onProblem({ kind: "not connected", cause: notConnected() });
      this.#connectLater();
    });
  }

  /** For the network: whether what left on a connection that broke meanwhile is still on its way. */
  survivedReset(number: number): boolean {
    if (this.#reset === undefined) return true;
    const { at, loses } = this.#reset;
    return loses === "end" ? number <= at : number > at;
  }

  #endAttachment(): void {
    this.#attachment += 1;
    this.#reset = this.#network.drawReset(this.#counters.published);
  }

  #connect(): void {
    if (this.#closed) return;
    if (!this.#network.accepts(this)) {
      this.#options.onProblem({ kind: "not connected", cause: notConnected() });
      this.#connectLater();
      return;
    }
    this.#attached = true;
    this.#connection += 1;
    for (const subscription of this.#subscriptions) this.#network.subscribe(subscription);
    this.#setConnected(true);
  }

  #connectLater(): void {
    const delayMs = this.#options.reconnectDelayMs ?? 100;
    const jitterMs = delayMs * this.#randomness.fraction();
    this.process.schedule(delayMs + jitterMs, () => this.#connect());
  }

  #detach(): void {
    this.#attached = false;
    for (const subscription of this.#subscriptions) this.#network.unsubscribe(subscription);
  }

  #leave(): void {
    this.#detach();
    this.#network.forget(this);
  }

  #noticeLoss(): void {
    this.#setConnected(false);
    const unanswered = [...this.#flushes];
    this.#flushes.clear();
    for (const { done } of unanswered) this.#tell(() => done(notConnected()));
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
      this.#options.onProblem({ kind: "listener failed", cause });
    }
  }
}

export class SimulatedSubscription implements Subscription {
  readonly transport: SimulatedTransport;
  readonly subject: string;
  readonly #handle: (message: SimulatedMessage) => void;
  #open = true;

  constructor(
    transport: SimulatedTransport,
    subject: string,
    handle: (message: SimulatedMessage) => void,
  ) {
    this.transport = transport;
    this.subject = subject;
    this.#handle = handle;
  }

  get open(): boolean {
    return this.#open;
  }

  deliver(message: SimulatedMessage): void {
    if (this.#open) this.#handle(message);
  }

  close(): void {
    this.#open = false;
    this.transport.unsubscribe(this);
  }
}

class SimulatedInboundMessage implements InboundMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly reply: string | undefined;
  readonly #headers: Readonly<Record<string, string>> | undefined;

  constructor(message: SimulatedMessage, payload: Uint8Array) {
    this.subject = message.subject;
    this.payload = payload;
    this.reply = message.reply;
    this.#headers = message.headers;
  }

  get headers(): InboundMessage["headers"] {
    return this.#headers === undefined ? "none" : "some";
  }

  header(name: string): string | undefined {
    const headers = this.#headers;
    return headers !== undefined && Object.hasOwn(headers, name) ? headers[name] : undefined;
  }
}

function notConnected(): SynodError {
  return new SynodError("NOT_CONNECTED", "the connection to the simulated broker was lost");
}
