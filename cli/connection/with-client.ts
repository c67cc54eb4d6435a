/** A client for one command, closed behind it. */
import { connect } from "../../client/connect.ts";
import type { SynodClient } from "../../client/synod-client.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { notConnected, withoutPassword } from "./not-connected.ts";
import { whereToConnect, type ConnectionFlags, type Place } from "./where-to-connect.ts";

export interface ClientFlags extends ConnectionFlags {
  /** Milliseconds that an operation may take. */
  readonly timeout: number;
}

export async function withClient<Result>(
  flags: ClientFlags,
  work: (client: SynodClient) => Promise<Result>,
): Promise<Result> {
  const place = whereToConnect(flags, process.env, process.cwd());
  const client = await clientAt(place, flags.timeout);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function clientAt(place: Place, timeoutMs: number): Promise<SynodClient> {
  const { access, prefix } = place;
  try {
    return await connect({ ...access, prefix, timeoutMs, name: "synod" });
  } catch (failure) {
    if (!(failure instanceof SynodError)) throw failure;
    if (failure.code === "NOT_CONNECTED") throw notConnected(place, failure.cause);
    if (failure.code === "UNAVAILABLE") throw notServed(place, failure);
    throw failure;
  }
}

/** The server is there, and nobody behind it knows where keys live. */
function notServed({ access, prefix }: Place, failure: SynodError): SynodError {
  const { message, cause, retryable } = failure;
  const where = `${access.servers.map(withoutPassword).join(", ")}, prefix ${prefix}`;
  return new SynodError("UNAVAILABLE", `${message} (${where})`, {
    cause,
    nextStep: retryable
      ? "Look at `synod status`, which works without a quorum; a cluster needs seconds to start."
      : failure.nextStep,
  });
}
