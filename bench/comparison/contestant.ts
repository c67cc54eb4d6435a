/** Who is measured: a system, and the client that drives it. */
import type { DriverTask, Workload } from "./task.ts";
import type { System } from "./system.ts";

export const contestantNames = [
  "synod",
  "synod-raw",
  "etcd",
  "etcd-debian",
  "jetstream",
  "jetstream-always",
  "floor-nats",
  "floor-lmdb",
] as const;

export type ContestantName = (typeof contestantNames)[number];

export interface Contestant {
  readonly name: ContestantName;
  /** How tables call it. */
  readonly title: string;
  readonly client: string;
  readonly system: System;
  readonly driver: DriverKind;
  readonly drives: DriverTask["system"];
  readonly workloads: readonly Workload[];
}

/** Of tables, in the order in which they stand there. */
export const titles: Readonly<Record<ContestantName, string>> = {
  synod: "Synod",
  "synod-raw": "Synod, raw subjects from Go",
  etcd: "etcd, current",
  "etcd-debian": "etcd, Debian",
  jetstream: "JetStream R3, deferred fsync",
  "jetstream-always": "JetStream R3, fsync always",
  "floor-nats": "floor: NATS request",
  "floor-lmdb": "floor: LMDB commit",
};

export type DriverKind = "node" | "go";

/** Programs of bench/drivers, and the one of bench/peers. */
export const drivers: Readonly<Record<ContestantName, DriverKind>> = {
  synod: "node",
  "synod-raw": "go",
  etcd: "go",
  "etcd-debian": "go",
  jetstream: "go",
  "jetstream-always": "go",
  "floor-nats": "go",
  "floor-lmdb": "node",
};
