/** The transport over a NATS server, for Node. */
import type { Clock } from "../clock/clock.ts";
import { systemClock } from "../clock/system-clock.ts";
import type { Randomness } from "../randomness/randomness.ts";
import { systemRandomness } from "../randomness/system-randomness.ts";
import { LinkTransport, type LinkTransportOptions } from "./link-transport.ts";
import type { NatsConnectionSettings } from "./nats-access.ts";
import { TcpDialer } from "./tcp-dialer.ts";

export interface NatsTransportOptions
  extends
    NatsConnectionSettings,
    Pick<LinkTransportOptions, "inboxPrefix" | "reconnectDelayMs" | "onProblem"> {
  readonly clock?: Clock;
  readonly randomness?: Randomness;
}

export class NatsTransport extends LinkTransport {
  /** Starts connecting at once, and tries again until `close`. Throws when the options cannot be used at all. */
  constructor(options: NatsTransportOptions) {
    const { clock = systemClock, randomness = systemRandomness } = options;
    super({ ...options, clock, randomness, dialer: new TcpDialer(options, clock) });
  }
}
