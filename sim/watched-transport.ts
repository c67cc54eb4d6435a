/** A transport that shows what is published through it before it leaves, and says when it has left. */
import type { PublishOptions, Transport } from "../infra/transport/transport.ts";
import { WrappedTransport } from "../infra/transport/wrapped-transport.ts";

export class WatchedTransport extends WrappedTransport {
  readonly #watch: (subject: string, payload: Uint8Array) => void;
  readonly #left: () => void;

  constructor(
    inner: Transport,
    watch: (subject: string, payload: Uint8Array) => void,
    left: () => void = () => undefined,
  ) {
    super(inner);
    this.#watch = watch;
    this.#left = left;
  }

  override publish(subject: string, payload: Uint8Array, options?: PublishOptions): void {
    if (this.connected) this.#watch(subject, payload);
    super.publish(subject, payload, options);
    this.#left();
  }
}
