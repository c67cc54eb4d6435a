/**
 * How long writes stand still when a leader or the broker dies: three node processes and a nats-server made for the
 * occasion, one client that keeps writing, and a program killed again and again. `npm run bench:recovery`.
 */
import { resolve } from "node:path";
import { Command } from "commander";
import { connect, type SynodClient } from "../client/index.ts";
import { BenchCluster } from "./throughput/cluster.ts";
import { describeMachine, requireDisk } from "./throughput/machine.ts";

interface RecoveryOptions {
  readonly rounds: number;
  readonly port: number;
  readonly directory: string;
}

/** Owned by group g1, which the topology has n2 lead. */
const key = "a";
const leader = "n2";
const broker = "nats-server";
/** Six times what is promised: longer is not measured, but a failure. */
const timeoutMs = 30_000;

function parseOptions(): RecoveryOptions {
  const program = new Command("bench:recovery");
  program
    .description("How long writes stand still when a leader, or the broker, is killed.")
    .option("--rounds <number>", "how often each is killed", Number, 20)
    .option("--port <number>", "the nats-server's", Number, 4323)
    .option("--directory <path>", "for the nodes' data; must be on a disk", ".synod");
  return program.parse().opts<RecoveryOptions>();
}

/** From the kill until a write that was asked for right after it is acknowledged. */
async function leaderOutageMs(cluster: BenchCluster, client: SynodClient): Promise<number> {
  await client.bucket().put(key, "before");
  cluster.crash(leader);
  const killedMs = performance.now();
  await client.bucket().put(key, "after");
  return performance.now() - killedMs;
}

/** From the moment the next broker's process exists: how long a supervisor waits before is its own affair. */
async function brokerOutageMs(cluster: BenchCluster, client: SynodClient): Promise<number> {
  await client.bucket().put(key, "before");
  const { brokerPid } = cluster;
  cluster.crash(broker);
  const write = client.bucket().put(key, "after");
  await cluster.replaced(broker, brokerPid);
  const replacedMs = performance.now();
  await write;
  return performance.now() - replacedMs;
}

type Outage = (cluster: BenchCluster, client: SynodClient) => Promise<number>;

/** Ascending. */
async function measure(
  cluster: BenchCluster,
  client: SynodClient,
  outage: Outage,
  rounds: number,
): Promise<readonly number[]> {
  const outages: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await cluster.ready();
    outages.push(await outage(cluster, client));
  }
  return outages.toSorted((left, right) => left - right);
}

function line(what: string, sortedMs: readonly number[]): string {
  const at = (share: number): string => {
    const index = Math.min(sortedMs.length - 1, Math.floor(share * sortedMs.length));
    return `${Math.round(sortedMs[index] ?? 0)} ms`;
  };
  return `${what}: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}, of ${sortedMs.length}`;
}

const options = parseOptions();
const cluster = await BenchCluster.start({ ...options, limit: [] });
try {
  requireDisk(cluster.directory);
  const { processor, cores, fileSystem, node } = describeMachine(resolve(cluster.directory));
  console.log(`${processor}, ${cores} cores, ${fileSystem}, Node ${node}`);
  console.log(`nats-server ${cluster.brokerVersion}, three nodes, one client on the same machine`);
  await using client = await connect({
    servers: cluster.address,
    user: "client",
    password: cluster.password,
    timeoutMs,
  });
  for (const [what, outage] of [
    ["leader killed -> next write", leaderOutageMs],
    ["broker started again -> next write", brokerOutageMs],
  ] as const) {
    console.log(line(what, await measure(cluster, client, outage, options.rounds)));
  }
} finally {
  await cluster.stop();
}
