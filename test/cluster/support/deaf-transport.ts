/** A node's link to the others that does not hear some of them: partitions of any shape are made of this. */
import { senderOf } from "../../../actors/subjects.ts";
import type {
  InboundMessage,
  PublishOptions,
  Subscription,
  Transport,
  TransportCounters,
} from "../../../infra/transport/transport.ts";

export class DeafTransport implements Transport {
  readonly #inner: Transport;
  readonly #deafTo: ReadonlySet<string>;

  /** `deafTo` names senders, and may change at any time. */
  constructor(inner: Transport, deafTo: ReadonlySet<string>) {
    this.#inner = inner;
    this.#deafTo = deafTo;
  }

  get connected(): boolean {
    return this.#inner.connected;
  }

  get payloadBytesMax(): number {
    return this.#inner.payloadBytesMax;
  }

  get connection(): number {
    return this.#inner.connection;
  }

  get counters(): TransportCounters {
    return this.#inner.counters;
  }

  get inboxPrefix(): string {
    return this.#inner.inboxPrefix;
  }

  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    this.#inner.publish(subject, payload, options);
  }

  subscribe(subject: string, handler: (message: InboundMessage) => void): Subscription {
    return this.#inner.subscribe(subject, (message) => {
      if (!this.#deafTo.has(senderOf(message.subject))) handler(message);
    });
  }

  flush(done: (failure: Error | undefined) => void): void {
    this.#inner.flush(done);
  }

  onConnectionChange(listener: (connected: boolean) => void): void {
    this.#inner.onConnectionChange(listener);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
