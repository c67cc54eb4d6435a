/** Connections over WebSocket, by the `@nats-io/nats-core` package, wherever there is a global `WebSocket`. */
import { errors, headers, wsconnect, type ConnectionOptions } from "@nats-io/nats-core";
import { SynodError } from "../errors/synod-error.ts";
import type { LinkHeaders, LinkStatus, NatsDialer, NatsLink } from "./nats-link.ts";

export interface WebSocketSettings {
  /** `ws://host:port/path` or `wss://...`, tried in random order. Without a port 80, or 443 for `wss`. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  /** Shown in the server's list of connections. */
  readonly name: string;
  /** Own subscriptions do not get own messages. */
  readonly noEcho?: boolean;
  /** How long one attempt may take; 2,000. */
  readonly connectTimeoutMs?: number;
  /** A server that leaves two pings unanswered is taken for dead; 1,000. */
  readonly pingIntervalMs?: number;
}

export class WebSocketDialer implements NatsDialer {
  readonly #options: ConnectionOptions;

  /** Throws when an address cannot be read. */
  constructor(settings: WebSocketSettings) {
    const urls = settings.servers.map(webSocketUrl);
    const withUser = urls.find((url) => url.username !== "");
    const user = settings.user ?? (withUser && decodeURIComponent(withUser.username));
    const password = settings.password ?? (withUser && decodeURIComponent(withUser.password));
    this.#options = {
      servers: urls.map(addressText),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { pass: password }),
      name: settings.name,
      noEcho: settings.noEcho ?? false,
      timeout: settings.connectTimeoutMs ?? 2_000,
      pingInterval: settings.pingIntervalMs ?? 1_000,
      maxPingOut: 2,
      // The transport makes the next connection: the package's own way keeps its buffers across connections.
      reconnect: false,
      ignoreClusterUpdates: true,
      noAsyncTraces: true,
    };
  }

  newHeaders(): LinkHeaders {
    return headers();
  }

  /** An attempt that is not answered is given up by the package together with its socket. */
  findServer(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  connect(): Promise<NatsLink> {
    return wsconnect(this.#options);
  }

  refusedToPublish({ error }: LinkStatus): string | undefined {
    const isRefused = error instanceof errors.PermissionViolationError;
    return isRefused && error.operation === "publish" ? error.subject : undefined;
  }
}

function webSocketUrl(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || url.hostname === "" || !/^wss?:$/.test(url.protocol)) {
    // The address may hold a password: it is not repeated.
    throw new SynodError(
      "BAD_REQUEST",
      "a NATS server's address is not of the form ws://host:port or wss://host:port",
    );
  }
  return url;
}

/** Without user and password, and with its port: the package takes an address without one for a secure one. */
function addressText({ protocol, hostname, port, pathname, search }: URL): string {
  const usual = protocol === "wss:" ? "443" : "80";
  return `${protocol}//${hostname}:${port === "" ? usual : port}${pathname}${search}`;
}
