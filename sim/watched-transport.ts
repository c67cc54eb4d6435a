/** A transport that shows what is published through it before it leaves. */
import type {
  InboundMessage,
  PublishOptions,
  Subscription,
  Transport,
  TransportCounters,
} from "../infra/transport/transport.ts";

export class WatchedTransport implements Transport {
  readonly #inner: Transport;
  readonly #watch: (subject: string, payload: Uint8Array) => void;

  constructor(inner: Transport, watch: (subject: string, payload: Uint8Array) => void) {
    this.#inner = inner;
    this.#watch = watch;
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
    if (this.#inner.connected) this.#watch(subject, payload);
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
