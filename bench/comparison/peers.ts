/**
 * Where the peers' programs are: built or unpacked once by `npm run bench:peers` into the user's cache, one folder for
 * each version. What is missing says the line that brings it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../cli/package-root.ts";
import { brokerCacheFolder } from "../../infra/broker/broker-cache.ts";
import { findBroker } from "../../infra/broker/find-broker.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import type { Environment } from "../../infra/processes/guarded-child.ts";
import { drivers, type ContestantName } from "./contestant.ts";

export interface PeerProgram {
  readonly path: string;
  readonly version: string;
}

export interface Peers {
  /** The newest one that was installed, or else the one that Synod itself finds. */
  readonly natsServer: PeerProgram;
  /** It knows `sync_interval: always`. */
  readonly isNatsCurrent: boolean;
  readonly etcd: PeerProgram | undefined;
  readonly etcdDebian: PeerProgram | undefined;
  /** The program in bench/peers. */
  readonly driver: string | undefined;
}

export const installLine = "npm run bench:peers";
export const goLine = "install Go 1.21 or newer (https://go.dev/dl) and put it on PATH";
/** The first that fetches the version that a go.mod asks for. */
const goMinorMin = 21;

const modules = {
  etcd: "go.etcd.io/etcd/server/v3",
  "nats-server": "github.com/nats-io/nats-server/v2",
} as const;

export type BuiltPeer = keyof typeof modules;

export const goModule = join(packageRoot, "bench", "peers");

export function peersFolder(environment: Environment): string {
  return join(brokerCacheFolder(environment), "..", "peers");
}

/** As bench/peers/go.mod pins it. */
export function pinnedVersion(peer: BuiltPeer): string {
  const pinned = new RegExp(`${modules[peer]} v(\\S+)`).exec(
    readFileSync(join(goModule, "go.mod"), "utf8"),
  );
  if (pinned?.[1] === undefined) throw new Error(`bench/peers/go.mod does not pin ${peer}`);
  return pinned[1];
}

export function packageOf(peer: BuiltPeer): string {
  return modules[peer];
}

export function builtPath(peer: BuiltPeer, environment: Environment): string {
  return join(peersFolder(environment), `${peer}-${pinnedVersion(peer)}`, peer);
}

export function debianEtcdPath(environment: Environment): string {
  return join(peersFolder(environment), "etcd-debian", "etcd");
}

/** Undefined where Go is not installed, or only an old one. */
export function goCommand(): string | undefined {
  const places = ["go", "/usr/local/go/bin/go"];
  return places.find((place) => {
    const { status, stdout } = spawnSync(place, ["version"], { encoding: "utf8" });
    const minor = status === 0 ? /go1\.(\d+)/.exec(stdout)?.[1] : undefined;
    return minor !== undefined && Number(minor) >= goMinorMin;
  });
}

export async function findPeers(
  environment: Environment,
  wanted: readonly ContestantName[],
): Promise<Peers> {
  const named = environment["SYNOD_NATS_SERVER"];
  const built = builtPeer("nats-server", environment);
  const isNatsCurrent = built !== undefined && (named === undefined || named === "");
  const etcdDebian = debianEtcdPath(environment);
  return {
    natsServer: isNatsCurrent ? built : await findBroker({ environment, clock: systemClock }),
    isNatsCurrent,
    etcd: builtPeer("etcd", environment),
    etcdDebian: existsSync(etcdDebian)
      ? { path: etcdDebian, version: versionOfEtcd(etcdDebian) }
      : undefined,
    driver: wanted.some((name) => drivers[name] === "go") ? buildDriver() : undefined,
  };
}

function builtPeer(peer: BuiltPeer, environment: Environment): PeerProgram | undefined {
  const path = builtPath(peer, environment);
  return existsSync(path) ? { path, version: pinnedVersion(peer) } : undefined;
}

export function versionOfEtcd(path: string): string {
  const printed = spawnSync(path, ["--version"], { encoding: "utf8" }).stdout;
  return /etcd Version: (\S+)/.exec(printed)?.[1] ?? "of unknown version";
}

/** From the sources as they are: it takes a second when nothing has changed. */
export function buildDriver(): string | undefined {
  const go = goCommand();
  if (go === undefined) return undefined;
  const folder = join(packageRoot, "node_modules", ".cache", "synod-bench");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "driver");
  const built = spawnSync(go, ["build", "-o", path, "."], { cwd: goModule, encoding: "utf8" });
  if (built.status !== 0) throw new Error(`bench/peers does not build:\n${built.stderr}`);
  return path;
}
