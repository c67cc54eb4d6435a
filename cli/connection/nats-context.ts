/** The context that the `nats` tool has selected: where it connects to, and as whom. */
import { readFileSync } from "node:fs";
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
  const folder = join(configFolder(environment), "nats");
  const selected = environment["NATS_CONTEXT"] ?? read(join(folder, "context.txt"));
  const name = selected?.trim() ?? "";
  if (name === "") return undefined;
  const path = join(folder, "context", `${name}.json`);
  const text = read(path);
  if (text === undefined) {
    throw new SynodError(
      "BAD_REQUEST",
      `the nats context ${name} is selected, but ${path} is missing`,
      {
        nextStep: "Select another with `nats context select`, or name the server with --servers.",
      },
    );
  }
  return { name, access: accessOf(parse(text, path), path, environment) };
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
