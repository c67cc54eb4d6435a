/** Where the NATS servers are and as whom to connect, and how that is told to the `nats` package. */
import { readFileSync } from "node:fs";
import { credsAuthenticator, type ConnectionOptions } from "nats";
import { SynodError } from "../errors/synod-error.ts";

export interface NatsAccess {
  /** `nats://host:port`, `tls://host:port`, `nats://user:password@host:port` or `host:port`; tried in random order. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  /** A `.creds` file. Read at every attempt to connect, so that a renewed one is taken up. */
  readonly credentialsFile?: string;
}

type AccessOptions = Pick<ConnectionOptions, "servers" | "user" | "pass" | "authenticator" | "tls">;

/** Throws when a server's address cannot be read, or the credentials file. */
export function accessOptions(access: NatsAccess): AccessOptions {
  const urls = access.servers.map(serverUrl);
  const withUser = urls.find((url) => url.username !== "");
  const user = access.user ?? (withUser && decodeURIComponent(withUser.username));
  const password = access.password ?? (withUser && decodeURIComponent(withUser.password));
  return {
    servers: urls.map((url) => `${url.hostname}:${url.port === "" ? "4222" : url.port}`),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(urls.some((url) => url.protocol === "tls:") ? { tls: {} } : {}),
    ...(access.credentialsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(readFileSync(access.credentialsFile)) }),
  };
}

function serverUrl(server: string): URL {
  const text = server.includes("://") ? server : `nats://${server}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "" || !/^(nats|tls):$/.test(url.protocol)) {
    // The address may hold a password: it is not repeated.
    throw new SynodError(
      "BAD_REQUEST",
      "a NATS server's address is not of the form nats://host:port or tls://host:port",
    );
  }
  return url;
}
