/** A context of the `nats` tool: where it connects to, and as whom. */
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { serverList } from "../arguments.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { topologyDefaults } from "../../infra/topology/topology.ts";
import type { NatsAccess } from "../../infra/transport/nats-access.ts";

export interface NatsContext {
  readonly name: string;
  readonly access: NatsAccess;
}

type Environment = NodeJS.ProcessEnv;

/** What a context may hold that would be needed to log in, and is not understood here. */
const unsupported = ["token", "nkey", "nsc", "user_jwt", "cert", "key", "ca", "socks_proxy"];

/** Undefined when none is selected. Throws `BAD_REQUEST` for one that cannot be used. */
export function selectedContext(environment: Environment): NatsContext | undefined {
  const selected =
    environment["NATS_CONTEXT"] ?? read(join(natsFolder(environment), "context.txt"));
  const name = selected?.trim() ?? "";
  if (name === "") return undefined;
  return contextIn(name, environment) ?? refuse(name, "is selected, but there is no", environment);
}

/** The one of that name. Throws `BAD_REQUEST` when there is none, or it cannot be used. */
export function namedContext(name: string, environment: Environment): NatsContext {
  // A name is a file's: it leads nowhere else.
  const isName = name !== "" && !/[/\\]|^\.{1,2}$/.test(name);
  const found = isName ? contextIn(name, environment) : undefined;
  return found ?? refuse(name, "is not there: there is no", environment);
}

function contextIn(name: string, environment: Environment): NatsContext | undefined {
  const path = pathOf(name, environment);
  const text = read(path);
  if (text === undefined) return undefined;
  return { name, access: accessOf(parse(text, path), path, environment) };
}

function refuse(name: string, why: string, environment: Environment): never {
  const known = contextNames(environment);
  const others = known.length === 0 ? "There are none yet" : `There are ${known.join(", ")}`;
  throw new SynodError(
    "BAD_REQUEST",
    `the nats context ${name} ${why} ${pathOf(name, environment)}`,
    {
      nextStep: `${others}: see \`nats context ls\`, or name the server with --servers.`,
    },
  );
}

/** Of all contexts there are. */
export function contextNames(environment: Environment): string[] {
  try {
    const files = readdirSync(join(natsFolder(environment), "context"));
    return files.flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? []);
  } catch {
    return [];
  }
}

function natsFolder(environment: Environment): string {
  return join(configFolder(environment), "nats");
}

function pathOf(name: string, environment: Environment): string {
  return join(natsFolder(environment), "context", `${name}.json`);
}

function accessOf(
  context: Readonly<Record<string, unknown>>,
  path: string,
  environment: Environment,
): NatsAccess {
  const field = (name: string): string | undefined => {
    const value = context[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const unknown = unsupported.find((name) => field(name) !== undefined);
  if (unknown !== undefined) {
    throw new SynodError(
      "BAD_REQUEST",
      `${path} logs in with \`${unknown}\`, which synod cannot do`,
      {
        nextStep: "Name the server with --servers, and a user and password or --creds.",
      },
    );
  }
  const user = field("user");
  const password = field("password");
  const creds = field("creds");
  return {
    servers: serverList(field("url") ?? topologyDefaults.server),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(creds === undefined ? {} : { credentialsFile: fromHome(creds, environment) }),
  };
}

function parse(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) return { ...parsed };
  } catch {
    // Told below.
  }
  throw new SynodError("BAD_REQUEST", `${path} is no JSON object`, {
    nextStep: "Correct it with `nats context edit`, or name the server with --servers.",
  });
}

/** The XDG specification: a relative path there is invalid and ignored. */
function configFolder(environment: Environment): string {
  const named = environment["XDG_CONFIG_HOME"];
  if (named !== undefined && isAbsolute(named)) return named;
  return join(environment["HOME"] ?? homedir(), ".config");
}

function fromHome(path: string, environment: Environment): string {
  return path.startsWith("~/") ? join(environment["HOME"] ?? homedir(), path.slice(2)) : path;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw failure;
  }
}
