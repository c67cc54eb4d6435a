/** Connections over TCP or TLS, by the `nats` package. */
import { connect, headers } from "nats";
import type { Clock } from "../clock/clock.ts";
import {
  addressOf,
  connectionOptions,
  connectMsMax,
  type NatsConnectionSettings,
} from "./nats-access.ts";
import type { LinkHeaders, LinkStatus, NatsDialer, NatsLink } from "./nats-link.ts";
import { listenerAt } from "./server-greeting.ts";
import { linkOver } from "./tcp-link.ts";

export class TcpDialer implements NatsDialer {
  readonly #settings: NatsConnectionSettings;
  readonly #clock: Clock;

  /** Throws when the settings cannot be used at all. */
  constructor(settings: NatsConnectionSettings, clock: Clock) {
    connectionOptions(settings);
    this.#settings = settings;
    this.#clock = clock;
  }

  newHeaders(): LinkHeaders {
    return headers();
  }

  /**
   * The package leaves the socket of an attempt open when the server accepts it and says nothing, as a frozen one does,
   * until that server goes on. So after the first attempt only a server that greets is tried; one that does not keeps
   * nobody from another that does.
   */
  async findServer(): Promise<string> {
    const { servers, connectTimeoutMs = connectMsMax } = this.#settings;
    const greeting = servers.map(async (server) => {
      const { host, port, text } = addressOf(server);
      const { kind } = await listenerAt(host, port, connectTimeoutMs, this.#clock);
      if (kind === "nats-server") return text;
      const what = kind === "nobody" ? "nobody listens" : "what listens does not greet";
      throw new Error(`${what} at ${text}`);
    });
    try {
      return await Promise.any(greeting);
    } catch (failure) {
      if (!(failure instanceof AggregateError)) throw failure;
      const misses = failure.errors.map(({ message }: Error) => message);
      throw new Error(misses.join(", "), { cause: failure });
    }
  }

  async connect(server: string | undefined): Promise<NatsLink> {
    const options = connectionOptions(this.#settings);
    return linkOver(
      await connect(server === undefined ? options : { ...options, servers: server }),
    );
  }

  refusedToPublish({ permissionContext: refused }: LinkStatus): string | undefined {
    return refused?.operation === "publish" ? refused.subject : undefined;
  }
}
