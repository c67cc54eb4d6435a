/** A browser: NATS over WebSocket, and no files. */
import { browserClock } from "../../infra/clock/browser-clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { WebSocketTransport } from "../../infra/transport/websocket-transport.ts";
import type { Platform } from "./platform.ts";

export const platform: Platform = {
  clock: browserClock,
  randomness: systemRandomness,
  usualServer: "ws://127.0.0.1:8080",
  openTransport(settings) {
    if (settings.credentialsFile !== undefined) {
      throw new SynodError("BAD_REQUEST", "a browser cannot read a credentials file", {
        nextStep: "Pass user and password, or let the NATS server have a no_auth_user.",
      });
    }
    return new WebSocketTransport({
      ...settings,
      clock: browserClock,
      randomness: systemRandomness,
    });
  },
};
