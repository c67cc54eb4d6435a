/** A nats-server on this machine that has been seen to run. */
import type { Clock } from "../clock/clock.ts";
import { runBounded } from "../processes/bounded-command.ts";
import {
  isBrokerVersionSupported,
  oldestBrokerVersion,
  parseBrokerVersion,
} from "./broker-version.ts";

/** Where a nats-server came from. */
export type BrokerSource =
  "SYNOD_NATS_SERVER" | "PATH" | "cache" | "Debian package" | "official release";

export interface BrokerBinary {
  readonly path: string;
  readonly version: string;
  readonly source: BrokerSource;
}

const versionTimeoutMs = 10_000;

/** Runs the program once. Rejects, saying why, unless it is a nats-server that is new enough. */
export async function probeBroker(
  path: string,
  source: BrokerSource,
  clock: Clock,
): Promise<BrokerBinary> {
  const command = { command: path, args: ["--version"], timeoutMs: versionTimeoutMs };
  const printed = (await runBounded(command, clock)).join("\n");
  const version = parseBrokerVersion(printed);
  if (version === undefined) {
    throw new Error(`${path} is no nats-server: --version prints ${JSON.stringify(printed)}`);
  }
  if (!isBrokerVersionSupported(version)) {
    throw new Error(`${path} is nats-server ${version}; ${oldestBrokerVersion} or newer is needed`);
  }
  return { path, version, source };
}
