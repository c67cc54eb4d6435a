/** Why a command found no NATS server, and how to help it. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Place } from "./where-to-connect.ts";

/** Messages of the `nats` package, in words. */
const meanings: Readonly<Record<string, string>> = {
  CONNECTION_REFUSED: "nobody listens there",
  TIMEOUT: "nobody answered in time",
  "'Authorization Violation'": "the server refuses this login",
};

export function notConnected({ access, origin }: Place, cause: unknown): SynodError {
  const text = cause instanceof Error ? cause.message : "TIMEOUT";
  const servers = access.servers.map(withoutPassword).join(", ");
  const message = `no connection to NATS at ${servers} (${origin}): ${meanings[text] ?? text}`;
  return new SynodError("NOT_CONNECTED", message, {
    nextStep: isLoginRefused(cause)
      ? "Say who you are, or correct it: --user and --password, or --creds."
      : "Start a cluster with `synod dev`, or name its NATS server with --servers.",
  });
}

/** Trying again does not help whoever may not come in. */
export function isLoginRefused(cause: unknown): boolean {
  return cause instanceof Error && /authorization|authentication/i.test(cause.message);
}

/** An address may hold a password, and that an @: neither is repeated. */
export function withoutPassword(server: string): string {
  return server.replace(/\/\/[^/]*@/, "//");
}
