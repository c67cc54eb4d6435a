/**
 * Which cluster a command talks to. The first that says something wins: flags, `SYNOD_*`, `NATS_*`, the selected
 * `nats` context, the note of a development cluster that runs here or above, and the usual address.
 */
import { serverList } from "../arguments.ts";
import type { NatsAccess } from "../../infra/transport/nats-access.ts";
import { topologyDefaults } from "../../infra/topology/topology.ts";
import { findDevNote } from "../dev/dev-note.ts";
import { namedContext, selectedContext, type NatsContext } from "./nats-context.ts";

export interface ConnectionFlags {
  readonly servers?: readonly string[];
  readonly context?: string;
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

/** The origin of a place that nobody has named. */
export const usualAddress = "the usual address";

export function whereToConnect(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv,
  directory: string,
): Place {
  const { context: name } = flags;
  const context = name === undefined ? undefined : namedContext(name, environment);
  const credentials = credentialsFrom(flags, context, environment);
  const named = namedServers(flags, context, environment) ?? serversFound(environment, directory);
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

function namedServers(
  flags: ConnectionFlags,
  context: NatsContext | undefined,
  environment: NodeJS.ProcessEnv,
): Named | undefined {
  if (flags.servers !== undefined) {
    return { access: { servers: flags.servers }, origin: "from --servers" };
  }
  if (context !== undefined) {
    const { servers } = context.access;
    return { access: { servers }, origin: `from --context ${context.name}` };
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
    origin: usualAddress,
  };
}

/** A credentials file and a password exclude each other: whichever is named first. */
function credentialsFrom(
  flags: ConnectionFlags,
  context: NatsContext | undefined,
  environment: NodeJS.ProcessEnv,
): Omit<NatsAccess, "servers"> {
  const { user, password, credentialsFile } = context?.access ?? {};
  const levels: readonly Pick<ConnectionFlags, "creds" | "user" | "password">[] = [
    flags,
    {
      ...(credentialsFile === undefined ? {} : { creds: credentialsFile }),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
    },
    loginIn(environment, "SYNOD"),
    loginIn(environment, "NATS"),
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

function loginIn(
  environment: NodeJS.ProcessEnv,
  family: "SYNOD" | "NATS",
): Pick<ConnectionFlags, "creds" | "user" | "password"> {
  const creds = setting(environment, `${family}_CREDS`);
  const user = setting(environment, `${family}_USER`);
  const password = setting(environment, `${family}_PASSWORD`);
  return {
    ...(creds === undefined ? {} : { creds }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

function setting(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value === "" ? undefined : value;
}
