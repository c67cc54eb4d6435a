/**
 * Which cluster a command talks to. The first that says something wins: flags, `SYNOD_*`, `NATS_*`, the selected
 * `nats` context, the note of a development cluster that runs here or above, and the usual address.
 */
import { serverList } from "../arguments.ts";
import type { NatsAccess } from "../../infra/transport/nats-access.ts";
import { topologyDefaults } from "../../infra/topology/topology.ts";
import { findDevNote } from "../dev/dev-note.ts";
import { selectedContext } from "./nats-context.ts";

export interface ConnectionFlags {
  readonly servers?: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly creds?: string;
  readonly subjectPrefix?: string;
}

export interface Place {
  readonly access: NatsAccess;
  /** First token of the cluster's subjects. */
  readonly prefix: string;
  /** Where the servers come from, for whoever wonders why they are not found: as in "from NATS_URL". */
  readonly origin: string;
}

export function whereToConnect(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv,
  directory: string,
): Place {
  const credentials = credentialsFrom(flags, environment);
  const named = namedServers(flags, environment) ?? serversFound(environment, directory);
  const prefix = flags.subjectPrefix ?? setting(environment, "SYNOD_PREFIX") ?? named.prefix;
  return {
    access: { ...named.access, ...credentials },
    prefix: prefix ?? topologyDefaults.prefix,
    origin: named.origin,
  };
}

interface Named {
  readonly access: NatsAccess;
  readonly origin: string;
  readonly prefix?: string;
}

function namedServers(flags: ConnectionFlags, environment: NodeJS.ProcessEnv): Named | undefined {
  if (flags.servers !== undefined) {
    return { access: { servers: flags.servers }, origin: "from --servers" };
  }
  for (const name of ["SYNOD_SERVERS", "NATS_URL"]) {
    const value = setting(environment, name);
    if (value !== undefined)
      return { access: { servers: serverList(value) }, origin: `from ${name}` };
  }
  return undefined;
}

function serversFound(environment: NodeJS.ProcessEnv, directory: string): Named {
  const context = selectedContext(environment);
  if (context !== undefined) {
    return { access: context.access, origin: `from the nats context ${context.name}` };
  }
  const note = findDevNote(directory);
  if (note !== undefined) {
    return { access: { servers: note.servers }, origin: `from ${note.path}`, prefix: note.prefix };
  }
  return {
    access: { servers: [topologyDefaults.server] },
    origin: "the usual address",
  };
}

/** A credentials file and a password exclude each other: whichever is named first. */
function credentialsFrom(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv,
): Omit<NatsAccess, "servers"> {
  const levels = [
    flags,
    {
      creds: setting(environment, "SYNOD_CREDS"),
      user: setting(environment, "SYNOD_USER"),
      password: setting(environment, "SYNOD_PASSWORD"),
    },
    {
      creds: setting(environment, "NATS_CREDS"),
      user: setting(environment, "NATS_USER"),
      password: setting(environment, "NATS_PASSWORD"),
    },
  ];
  for (const { creds, user, password } of levels) {
    if (creds !== undefined) return { credentialsFile: creds };
    if (user !== undefined || password !== undefined) {
      return {
        ...(user === undefined ? {} : { user }),
        ...(password === undefined ? {} : { password }),
      };
    }
  }
  return {};
}

function setting(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value === "" ? undefined : value;
}
