/** Node. The bundle for browsers has `browser.ts` in this file's place. */
import { systemClock } from "../../infra/clock/system-clock.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import type { Platform } from "./platform.ts";

export const platform: Platform = {
  clock: systemClock,
  randomness: systemRandomness,
  usualServer: "nats://127.0.0.1:4222",
  openTransport: (settings) => new NatsTransport(settings),
};
