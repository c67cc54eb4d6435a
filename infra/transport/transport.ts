/**
 * Messages between processes, as a port. At most once: a message may be lost, delayed or reordered; between
 * nodes it may also be duplicated. Nothing that was published while disconnected is ever delivered later.
 */

export interface InboundMessage {
  readonly subject: string;
  /** Valid only during the handler call: a handler copies what it keeps. */
  readonly payload: Uint8Array;
  readonly reply: string | undefined;
  /** `malformed` headers cannot be read; each of them then counts as absent. */
  readonly headers: "none" | "some" | "malformed";
  /** The named header's first value; undefined without such a header. Names are compared letter by letter. */
  header(name: string): string | undefined;
}

export interface Subscription {
  /** No handler call happens after this returns. */
  close(): void;
}

export interface PublishOptions {
  readonly reply?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** It leaves before `publish` returns, and with it what was published before, instead of at the end of the turn. */
  readonly atOnce?: boolean;
}

/** What went wrong without anybody waiting for an answer. Whoever makes a transport says where it is reported. */
export type TransportProblem =
  | { readonly kind: "handler failed"; readonly subject: string; readonly cause: unknown }
  | { readonly kind: "listener failed"; readonly cause: unknown }
  | {
      readonly kind: "permission refused";
      readonly operation: "publish" | "subscribe";
      readonly subject: string;
      readonly cause: unknown;
    }
  /** A connection was lost, or an attempt to make one failed; the next attempt follows by itself. */
  | { readonly kind: "not connected"; readonly cause: unknown };

export type ReportProblem = (problem: TransportProblem) => void;

export interface TransportCounters {
  readonly published: number;
  readonly received: number;
  /** Publishes that went nowhere because there was no connection. */
  readonly droppedWhileDisconnected: number;
}

export interface Transport {
  /** False from the moment a disconnect is noticed until subscriptions are in force again; no handler is called then. */
  readonly connected: boolean;
  /** Largest payload the server takes, headers included, in bytes; known once connected. */
  readonly payloadBytesMax: number;
  /** Numbers the connection: raised at every reconnect, so that what belongs to an older one can be told apart. */
  readonly connection: number;
  readonly counters: TransportCounters;
  /**
   * Sends without waiting and without knowing whether anyone hears it. While disconnected it is dropped. The
   * payload may be reused by the caller only after the current turn. Throws when the payload is too large, and
   * for a subject, reply or header that NATS would not carry as one (see `subject.ts`).
   */
  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void;
  /** NATS wildcards `*` and `>` are understood. An exception in the handler is reported, and goes no further. */
  subscribe(subject: string, handler: (message: InboundMessage) => void): Subscription;
  /**
   * Calls back when the server has taken everything that was published and subscribed here before, or with the
   * reason why that will not be known.
   */
  flush(done: (failure: Error | undefined) => void): void;
  /** Called at every change of `connected`, before anything is delivered on the new connection. */
  onConnectionChange(listener: (connected: boolean) => void): void;
  /** A subject prefix for replies that only this connection listens to, without trailing dot. */
  readonly inboxPrefix: string;
  /** Lets what was published leave, then closes. Nothing is delivered from the call on. */
  close(): Promise<void>;
}
