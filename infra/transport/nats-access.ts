/** Where the NATS servers are and as whom to connect, and how that is told to the `nats` package. */
import { readFileSync } from "node:fs";
import { credsAuthenticator, type ConnectionOptions } from "nats";
import { SynodError } from "../errors/synod-error.ts";

export interface NatsAccess {
  /** `nats://host:port`, `tls://host:port`, `nats://user:password@host:port` or `host:port`. */
  readonly servers: readonly string[];
  /** The first connection is tried at one server after the other as they are listed; else in random order. */
  readonly inOrder?: boolean;
  readonly user?: string;
  readonly password?: string;
  /** A `.creds` file. Read at every attempt to connect, so that a renewed one is taken up. */
  readonly credentialsFile?: string;
}

export interface NatsConnectionSettings extends NatsAccess {
  /** Shown in the server's list of connections. */
  readonly name: string;
  /** Own subscriptions do not get own messages. */
  readonly noEcho?: boolean;
  /** How long one attempt may take. */
  readonly connectTimeoutMs?: number;
  /** A server that leaves two pings unanswered is taken for dead. */
  readonly pingIntervalMs?: number;
}

type AccessOptions = Pick<
  ConnectionOptions,
  "servers" | "noRandomize" | "user" | "pass" | "authenticator" | "tls"
>;

/** How long one attempt may take that was told nothing else. */
export const connectMsMax = 2_000;

/** Throws when a server's address cannot be read, or the credentials file. */
export function connectionOptions(settings: NatsConnectionSettings): ConnectionOptions {
  return {
    ...accessOptions(settings),
    name: settings.name,
    noEcho: settings.noEcho ?? false,
    timeout: settings.connectTimeoutMs ?? connectMsMax,
    pingInterval: settings.pingIntervalMs ?? 1_000,
    maxPingOut: 2,
    // The transport makes the next connection: the package's own way keeps its buffers across connections.
    reconnect: false,
    ignoreClusterUpdates: true,
    // A stack trace per request costs more than the request.
    noAsyncTraces: true,
    // The operating system's resolver knows /etc/hosts; the package's own asks name servers only.
    resolve: false,
  };
}

export function accessOptions(access: NatsAccess): AccessOptions {
  const urls = access.servers.map(serverUrl);
  const withUser = urls.find((url) => url.username !== "");
  const user = access.user ?? (withUser && decodeURIComponent(withUser.username));
  const password = access.password ?? (withUser && decodeURIComponent(withUser.password));
  return {
    servers: urls.map(textOf),
    ...(access.inOrder === true ? { noRandomize: true } : {}),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(urls.some((url) => url.protocol === "tls:") ? { tls: {} } : {}),
    ...(access.credentialsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(readFileSync(access.credentialsFile)) }),
  };
}

export interface ServerAddress {
  /** An IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Both together, as the `nats` package takes them; without user and password. */
  readonly text: string;
}

/** Throws when it cannot be read. */
export function addressOf(server: string): ServerAddress {
  const url = serverUrl(server);
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: portOf(url), text: textOf(url) };
}

function textOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

function portOf(url: URL): number {
  return url.port === "" ? 4222 : Number(url.port);
}

function serverUrl(server: string): URL {
  const text = server.includes("://") ? server : `nats://${server}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "" || !/^(nats|tls):$/.test(url.protocol)) {
    // The address may hold a password: only its scheme is repeated.
    const scheme = /^[a-z]+:\/\//i.exec(text)?.[0] ?? "nats://";
    throw new SynodError(
      "BAD_REQUEST",
      /^(nats|tls):/i.test(scheme)
        ? "a NATS server's address is not of the form nats://host:port or tls://host:port"
        : `a NATS server's address begins with nats:// or tls://, not with ${scheme}`,
      { nextStep: "Write it as in nats://127.0.0.1:4222, and several with commas or as a list." },
    );
  }
  return url;
}
