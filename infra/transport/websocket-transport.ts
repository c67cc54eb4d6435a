/** The transport over a NATS server's WebSocket listener, for browsers. */
import type { Clock } from "../clock/clock.ts";
import type { Randomness } from "../randomness/randomness.ts";
import { LinkTransport, type LinkTransportOptions } from "./link-transport.ts";
import { WebSocketDialer, type WebSocketSettings } from "./websocket-dialer.ts";

export interface WebSocketTransportOptions
  extends
    WebSocketSettings,
    Pick<LinkTransportOptions, "inboxPrefix" | "reconnectDelayMs" | "onProblem"> {
  readonly clock: Clock;
  readonly randomness: Randomness;
}

export class WebSocketTransport extends LinkTransport {
  /** Starts connecting at once, and tries again until `close`. Throws when the options cannot be used at all. */
  constructor(options: WebSocketTransportOptions) {
    super({ ...options, dialer: new WebSocketDialer(options) });
  }
}
