/**
 * Messages between processes, as a port. At most once: a message may be lost, delayed or reordered; between
 * nodes it may also be duplicated. Nothing that was published while disconnected is ever delivered later.
 */

export interface InboundMessage {
  readonly subject: string;
  /** Valid only during the handler call: a handler copies what it keeps. */
  readonly payload: Uint8Array;
  readonly reply: string | undefined;
  /** The named header's first value; undefined without such a header. */
  header(name: string): string | undefined;
}

export interface Subscription {
  /** No handler call happens after this returns. */
  close(): void;
}

export interface PublishOptions {
  readonly reply?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Transport {
  /** False from the moment a disconnect is noticed until subscriptions are in force again. */
  readonly connected: boolean;
  /** Largest payload the server takes, in bytes; known once connected. */
  readonly payloadBytesMax: number;
  /** Numbers the connection: raised at every reconnect, so that what belongs to an older one can be told apart. */
  readonly connection: number;
  /**
   * Sends without waiting and without knowing whether anyone hears it. While disconnected it is dropped. The
   * payload may be reused by the caller only after the current turn. Throws when the payload is too large.
   */
  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void;
  /** NATS wildcards `*` and `>` are understood. An exception in the handler goes to `onHandlerError`, never further. */
  subscribe(subject: string, handler: (message: InboundMessage) => void): Subscription;
  /** Called at every change of `connected`. */
  onConnectionChange(listener: (connected: boolean) => void): void;
  /** A subject prefix for replies that only this connection listens to, without trailing dot. */
  readonly inboxPrefix: string;
  /** Lets what was published leave, then closes. */
  close(): Promise<void>;
}
