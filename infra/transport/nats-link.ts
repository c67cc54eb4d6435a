/**
 * What a transport needs of a NATS package. There are two, by the same authors and with nearly the same surface: one
 * over TCP for Node, one over WebSocket for browsers. Their own objects pass as these, so that nothing stands between.
 */

import type { InboundMessage } from "./transport.ts";

export interface LinkHeaders {
  has(name: string): boolean;
  get(name: string): string;
  append(name: string, value: string): void;
}

export interface LinkMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly reply?: string;
  readonly headers?: LinkHeaders;
}

export interface LinkSubscribing {
  readonly callback: (failure: Error | null, message: LinkMessage) => void;
  /** Takes messages without headers where a connection takes those apart by itself. */
  readonly plain?: (message: InboundMessage) => void;
}

/** What a package reports on the side. */
export interface LinkStatus {
  readonly type: string;
  readonly permissionContext?: { readonly operation: string; readonly subject: string };
  readonly error?: unknown;
}

/** One connection, from its handshake to its end. */
export interface NatsLink {
  readonly info?: { readonly max_payload: number };
  publish(
    subject: string,
    payload: Uint8Array,
    options?: { reply?: string; headers?: LinkHeaders; atOnce?: boolean },
  ): void;
  subscribe(subject: string, options: LinkSubscribing): { unsubscribe(): void };
  flush(): Promise<void>;
  status(): AsyncIterable<LinkStatus>;
  isClosed(): boolean;
  /** Resolves at its end, with the reason unless it was asked for. */
  closed(): Promise<void | Error>;
  close(): Promise<void>;
}

export interface NatsDialer {
  newHeaders(): LinkHeaders;
  /** Before every attempt but the first: a server that answers; undefined = `connect` is to find out. */
  findServer(): Promise<string | undefined>;
  /** Makes one attempt, at this server or at all of them one after the other. */
  connect(server: string | undefined): Promise<NatsLink>;
  /** The subject, when this reports that the server let nobody hear what was published there. */
  refusedToPublish(status: LinkStatus): string | undefined;
}
