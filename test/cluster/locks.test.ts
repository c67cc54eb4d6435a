/** Locks between real processes, one of which is killed or stopped by the operating system while it holds one. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { internalKeyOf } from "../../infra/codec/key-text.ts";
import { GuardedChild } from "../../infra/processes/guarded-child.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { compiledPath } from "../support/compiled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { startCluster, type Cluster } from "./support/cluster.ts";

const ttlMs = 4_000;
/** Three times what a waiter may have to wait: the key's life, and a tick of its group. */
const takeOverMs = 15_000;

interface Line {
  readonly what: "taken" | "lost" | "looked";
  readonly holds: boolean;
  readonly token: number;
  /** Unix milliseconds, by this machine's clock. */
  readonly atMs: number;
}

class Holder {
  readonly lines: Line[] = [];
  readonly #child: GuardedChild;

  constructor(cluster: Cluster, name: string) {
    const { prefix } = cluster.topology;
    const script = compiledPath("test/cluster/support/lock-holder.ts");
    this.#child = new GuardedChild(
      {
        command: process.execPath,
        args: [script, cluster.broker.url, prefix, name, String(ttlMs)],
        environment: process.env,
        workingDirectory: cluster.directory,
        stopTimeoutMs: 2_000,
        onLine: (line) => this.lines.push(JSON.parse(line) as Line),
      },
      systemClock,
      () => {},
    );
  }

  get taken(): Line | undefined {
    return this.lines.find(({ what }) => what === "taken");
  }

  get lost(): Line | undefined {
    return this.lines.find(({ what }) => what === "lost");
  }

  /** When it last found that it holds the lock. */
  get heldAtMs(): number {
    return this.lines.findLast(({ holds }) => holds)?.atMs ?? 0;
  }

  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    this.#child.signal(name);
  }
}

let cluster: Cluster;
const holders: Holder[] = [];

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(async () => {
  for (const holder of holders) holder.signal("SIGKILL");
  await cluster.close();
});

async function holderOf(name: string): Promise<Holder> {
  const holder = waiterFor(name);
  await waitUntil("it has the lock", () => holder.taken !== undefined, takeOverMs);
  return holder;
}

function waiterFor(name: string): Holder {
  const holder = new Holder(cluster, name);
  holders.push(holder);
  return holder;
}

test("a holder that is killed gives way when its lock expires, to a larger token", async () => {
  const first = await holderOf("killed");
  const second = waiterFor("killed");
  const looks = first.lines.length;
  await waitUntil("the first goes on", () => first.lines.length > looks + 50);
  expect(second.taken).toBeUndefined();
  first.signal("SIGKILL");
  await waitUntil("the second has the lock", () => second.taken !== undefined, takeOverMs);
  expect(second.taken?.token).toBeGreaterThan(first.taken?.token ?? Infinity);
  expect(first.heldAtMs).toBeLessThan(second.taken?.atMs ?? 0);
});

test("a holder that is stopped never finds that it holds what another has, not even when it goes on", async () => {
  const first = await holderOf("stopped");
  const second = waiterFor("stopped");
  const looks = first.lines.length;
  await waitUntil("the first goes on", () => first.lines.length > looks + 50);
  first.signal("SIGSTOP");
  await waitUntil("the second has the lock", () => second.taken !== undefined, takeOverMs);
  const seen = first.lines.length;
  first.signal("SIGCONT");
  await waitUntil("the first is told", () => first.lost !== undefined, takeOverMs);
  await waitUntil("the first goes on", () => first.lines.length > seen + 50);
  const takenAtMs = second.taken?.atMs ?? 0;
  const wrong = first.lines.filter(({ holds, atMs }) => holds && atMs >= takenAtMs);
  expect(wrong).toEqual([]);
  expect(second.taken?.token).toBeGreaterThan(first.taken?.token ?? Infinity);
  expect(second.lines.at(-1)?.holds).toBe(true);
});

test("a holder keeps its lock while the leader of its group is killed", async () => {
  const holder = await holderOf("outlives");
  const key = internalKeyOf("locks", "outlives");
  const owner = cluster.topology.regions.findLast(({ start }) => start <= key);
  const leader = cluster.leaderOf(owner?.group ?? "") ?? "";
  await cluster.kill(leader);
  const untilMs = performance.timeOrigin + performance.now() + 3 * ttlMs;
  await waitUntil("time passes", () => (holder.lines.at(-1)?.atMs ?? 0) > untilMs, 60_000);
  expect(holder.lost).toBeUndefined();
  expect(holder.lines.at(-1)?.holds).toBe(true);
  cluster.start(leader);
  await cluster.waitUntilServing();
});
