/** A transport that passes everything on to another one: what listens in, or leaves something out, is made from it. */
import type {
  InboundMessage,
  PublishOptions,
  Subscription,
  Transport,
  TransportCounters,
} from "./transport.ts";

export abstract class WrappedTransport implements Transport {
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
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
    return this.#inner.subscribe(subject, handler);
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
