/** Who takes part in a run: contestants over systems, and who is missing, with the line that installs it. */
import type { ComparisonOptions } from "./options.ts";
import type { Contestant, ContestantName } from "./contestant.ts";
import { drivers, titles } from "./contestant.ts";
import { goLine, installLine, type PeerProgram, type Peers } from "./peers.ts";
import type { Skipped } from "./results.ts";
import { BareLmdbSystem } from "./systems/bare-lmdb.ts";
import { BareNatsSystem } from "./systems/bare-nats.ts";
import { EtcdSystem } from "./systems/etcd.ts";
import { JetStreamSystem } from "./systems/jetstream.ts";
import { SynodSystem } from "./systems/synod.ts";
import { workloads, type Workload } from "./task.ts";

export interface LineUp {
  readonly contestants: readonly Contestant[];
  readonly skipped: readonly Skipped[];
}

type Own = Omit<Contestant, "name" | "title" | "driver">;
type Wanted = Pick<ComparisonOptions, "contestants" | "directory">;

export function lineUp({ contestants: wanted, directory }: Wanted, peers: Peers): LineUp {
  const candidates = candidatesOf(peers, directory);
  const contestants: Contestant[] = [];
  const skipped: Skipped[] = [];
  for (const name of wanted) {
    const driver = drivers[name];
    const own = candidates[name];
    if (driver === "go" && peers.driver === undefined) skipped.push({ name, install: goLine });
    else if (own === undefined) skipped.push({ name, install: installLine });
    else contestants.push({ name, title: titles[name], driver, ...own });
  }
  return { contestants, skipped };
}

/** Undefined: its program is not installed. Nothing is started yet. */
function candidatesOf(
  { natsServer, isNatsCurrent, etcd, etcdDebian, driver = "" }: Peers,
  directory: string,
): Readonly<Record<ContestantName, Own | undefined>> {
  const synod = new SynodSystem(natsServer, directory);
  const requests = "nats.go, one message a request";
  const keyValue = { client: "nats.go KeyValue", drives: "jetstream" } as const;
  return {
    synod: {
      client: "its TypeScript client, one process",
      drives: "synod",
      workloads,
      system: synod,
    },
    "synod-raw": {
      client: requests,
      drives: "synod-raw",
      workloads: ["put", "get", "mix"],
      system: synod,
    },
    etcd: etcd === undefined ? undefined : etcdWith(etcd, directory),
    "etcd-debian": etcdDebian === undefined ? undefined : etcdWith(etcdDebian, directory),
    jetstream: {
      ...keyValue,
      workloads: ["put", "get", "mix", "cas", "watch"],
      system: new JetStreamSystem(natsServer, "deferred", directory),
    },
    // Its gets are those of the other one.
    "jetstream-always": isNatsCurrent
      ? {
          ...keyValue,
          workloads: ["put", "mix", "cas", "watch"],
          system: new JetStreamSystem(natsServer, "always", directory),
        }
      : undefined,
    "floor-nats": {
      client: requests,
      drives: "nats",
      workloads: ["put", "get"],
      system: new BareNatsSystem(natsServer, driver),
    },
    "floor-lmdb": {
      client: "the lmdb package, in the same process",
      drives: "lmdb",
      workloads: ["put"],
      system: new BareLmdbSystem(directory),
    },
  };
}

function etcdWith(program: PeerProgram, directory: string): Own {
  const system = new EtcdSystem(program, directory);
  return { client: "clientv3", drives: "etcd", workloads, system };
}

/** Where a cell is none of its workloads, or an open loop of what has no connection to wait for. */
export function takesPart(
  { workloads: own, drives }: Contestant,
  cell: {
    readonly workload: Workload;
    readonly ratePerSecond?: number;
  },
): boolean {
  return own.includes(cell.workload) && !(drives === "lmdb" && cell.ratePerSecond !== undefined);
}
