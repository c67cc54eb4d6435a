/**
 * How long writes stand still when a leader or the broker dies: three node processes and a nats-server made for the
 * occasion, one client that was there all the time and whose callers keep writing, and a program killed again and again.
 * `npm run bench:recovery`; docs/performance.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { connect, type Bucket } from "../client/index.ts";
import { percentile } from "./capacity/targets.ts";
import type { Outages, RecoveryResult } from "./recovery/results.ts";
import { BenchCluster } from "./throughput/cluster.ts";
import { describeMachine, requireDisk } from "./throughput/machine.ts";

interface RecoveryOptions {
  readonly rounds: number;
  readonly callers: number;
  readonly port: number;
  readonly directory: string;
  readonly json?: string;
}

/** Owned by group g1, which the topology has n2 lead. */
const key = "a";
const leader = "n2";
const broker = "nats-server";
/** Far more than what is promised: longer is not measured, but a failure. */
const timeoutMs = 30_000;

function parseOptions(): RecoveryOptions {
  const program = new Command("bench:recovery");
  program
    .description("How long writes stand still when a leader, or the broker, is killed.")
    .option("--rounds <number>", "how often each is killed", whole, 30)
    .option("--callers <number>", "who keep writing, each to a key of its own", whole, 4)
    .option("--port <number>", "the nats-server's", whole, 4323)
    .option("--directory <path>", "for the nodes' data; must be on a disk", ".synod")
    .option("--json <file>", "write the results there as well");
  return program.parse().opts<RecoveryOptions>();
}

/** Callers who put again and again; whoever wants to know when a write is next acknowledged asks here. */
class LightLoad {
  readonly #bucket: Bucket;
  readonly #callers: Promise<void>[] = [];
  #over = false;
  /** Acknowledged so far. */
  #puts = 0;
  #waiting:
    { readonly issuedMsMin: number; readonly acknowledged: (atMs: number) => void } | undefined;

  constructor(bucket: Bucket, callers: number) {
    this.#bucket = bucket;
    for (let caller = 0; caller < callers; caller++) this.#callers.push(this.#call(caller));
  }

  /** When the first write that was issued from now on was acknowledged; one issued earlier may be so by the dead. */
  nextAcknowledged(): Promise<number> {
    const issuedMsMin = performance.now();
    void this.#put("next");
    return new Promise((acknowledged) => {
      this.#waiting = { issuedMsMin, acknowledged };
    });
  }

  async warmUp(puts: number): Promise<void> {
    while (this.#puts < puts) await this.#put("next");
  }

  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#callers);
  }

  async #call(caller: number): Promise<void> {
    while (!this.#over) await this.#put(String(caller));
  }

  async #put(suffix: string): Promise<void> {
    const issuedMs = performance.now();
    await this.#bucket.put(`${key}${suffix}`, "value");
    this.#puts += 1;
    const waiting = this.#waiting;
    if (waiting === undefined || issuedMs < waiting.issuedMsMin) return;
    this.#waiting = undefined;
    waiting.acknowledged(performance.now());
  }
}

/** From the kill until a write that was issued behind it is acknowledged. */
async function leaderOutageMs(cluster: BenchCluster, load: LightLoad): Promise<number> {
  cluster.crash(leader);
  const killedMs = performance.now();
  return (await load.nextAcknowledged()) - killedMs;
}

/** From the moment the next broker's process exists: how long a supervisor waits before is its own affair. */
async function brokerOutageMs(cluster: BenchCluster, load: LightLoad): Promise<number> {
  const { brokerPid } = cluster;
  cluster.crash(broker);
  const acknowledged = load.nextAcknowledged();
  await cluster.replaced(broker, brokerPid);
  const replacedMs = performance.now();
  return (await acknowledged) - replacedMs;
}

type Outage = (cluster: BenchCluster, load: LightLoad) => Promise<number>;

async function measure(
  cluster: BenchCluster,
  load: LightLoad,
  outage: Outage,
  rounds: number,
): Promise<readonly number[]> {
  const outages: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await cluster.ready();
    const outageMs = await outage(cluster, load);
    process.stderr.write(`${round + 1}/${rounds}: ${Math.round(outageMs)} ms\n`);
    outages.push(outageMs);
  }
  return outages;
}

function line(what: string, outageMs: readonly number[]): string {
  const at = (share: number): string => `${Math.round(percentile(outageMs, share))} ms`;
  return `${what}: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}, of ${outageMs.length}`;
}

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number <= 0) {
    throw new InvalidArgumentError("It must be a whole number above 0.");
  }
  return number;
}

/** Enough for code to be compiled. */
const warmUpPuts = 2_000;

async function run(cluster: BenchCluster, options: RecoveryOptions): Promise<RecoveryResult> {
  const machine = describeMachine(resolve(cluster.directory));
  const { processor, cores, fileSystem, node } = machine;
  console.log(`${processor}, ${cores} cores, ${fileSystem}, Node ${node}`);
  console.log(
    `nats-server ${cluster.brokerVersion}, three nodes, one client with ${options.callers} callers on the same machine`,
  );
  await using client = await connect({
    servers: cluster.address,
    user: "client",
    password: cluster.password,
    timeoutMs,
  });
  const load = new LightLoad(client.bucket(), options.callers);
  await load.warmUp(warmUpPuts);
  const outages: Outages[] = [];
  for (const [killed, what, outage] of [
    ["leader", "leader killed -> next write", leaderOutageMs],
    ["broker", "broker started again -> next write", brokerOutageMs],
  ] as const) {
    const outageMs = await measure(cluster, load, outage, options.rounds);
    outages.push({ killed, outageMs });
    console.log(line(what, outageMs));
  }
  await load.stop();
  return {
    day: new Date().toISOString().slice(0, 10),
    machine,
    natsServer: cluster.brokerVersion,
    callers: options.callers,
    outages,
  };
}

const options = parseOptions();
mkdirSync(options.directory, { recursive: true });
requireDisk(options.directory);
const cluster = await BenchCluster.start({ ...options, limit: [] });
try {
  const result = await run(cluster, options);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  }
} finally {
  await cluster.stop();
}
