/** One cluster, from its birth through its faults to a verdict. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { bucketPrefix, internalKeyOf, prefixEnd } from "../../infra/codec/key-text.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import { linearizable } from "../../client/core/freshness.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import { newest } from "../../kv/revision.ts";
import { Violation } from "../../sim/violation.ts";
import { History } from "../../sim/workload/history.ts";
import { TortureCluster } from "./cluster/torture-cluster.ts";
import type { PowerFailure } from "./disk/power-failure.ts";
import { faultClasses, Nemesis, scheduleOf, type FaultClass } from "./nemesis.ts";
import { countByError, countByKind, type KindCounts } from "./kind-counts.ts";
import { judge, type Checked } from "./verdict.ts";
import { BucketClient } from "./workload/bucket-client.ts";
import { CoreClient } from "./workload/core-client.ts";
import { KeyWindows } from "./workload/key-windows.ts";
import { RawClient } from "./workload/raw-client.ts";
import { pause, type ClientSetup, type Recorder } from "./workload/recorder.ts";
import { TortureWatcher } from "./workload/torture-watcher.ts";

export interface RunSetup {
  readonly nodeCount: 3 | 5;
  readonly durationMs: number;
  readonly randomness: SeededRandomness;
  /** Made by this run; whoever calls it removes it. */
  readonly directory: string;
  readonly brokerProgram: string;
  readonly diskLibrary: string | undefined;
  readonly productFolder: string | undefined;
  readonly thinkMs: number;
  readonly say: (line: string) => void;
  /** Somebody wants it to end. */
  readonly aborted: AbortSignal;
}

/** Somebody ended the run: with Ctrl-C, for one. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
  }
}

export interface ClusterReport {
  readonly nodes: number;
  readonly seconds: number;
  readonly operations: KindCounts;
  readonly errors: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<FaultClass, number>>;
  readonly leaderChanges: number;
  readonly checkpoints: number;
  readonly trims: number;
  readonly watchRestarts: number;
  readonly messagesFiltered: number;
  readonly nodeStarts: number;
  /** Writes that power failures undid, and writes that were left although nobody had flushed them. */
  readonly powerFailures: PowerFailure;
  readonly flushes: {
    readonly all: number;
    readonly delayed: number;
    readonly failed: number;
  };
  /** Undefined when it did not come to that. */
  readonly checked: (Checked & { readonly records: number }) | undefined;
  /** The check that failed, and what it says. */
  readonly violation: { readonly check: string; readonly text: string } | undefined;
}

const timeoutMs = 4_000;
const concurrency = 4;
const recoveryMs = 60_000;
const answersAfterwards = 200;
const rangePage = 500;
/** Long enough that what nodes say of themselves is of now. */
const restMs = 1_000;

export class ClusterRun {
  readonly history = new History();
  readonly #setup: RunSetup;
  readonly #cluster: TortureCluster;
  readonly #nemesis: Nemesis;
  readonly #clients: { readonly recorder: Recorder; close(): Promise<void> }[] = [];
  readonly #watchers: TortureWatcher[] = [];
  readonly #startedMs = performance.now();
  #broken: unknown;
  #checked: ClusterReport["checked"];

  static async make(setup: RunSetup): Promise<ClusterRun> {
    mkdirSync(setup.directory, { recursive: true });
    return new ClusterRun(setup, await TortureCluster.make(setup));
  }

  private constructor(setup: RunSetup, cluster: TortureCluster) {
    this.#setup = setup;
    this.#cluster = cluster;
    this.#nemesis = new Nemesis({
      cluster,
      randomness: setup.randomness.split("nemesis"),
      note: (line) => this.#note(line),
      isOver: () => this.#isOver,
    });
  }

  /** Never rejects for what it is there to find. */
  async run(): Promise<ClusterReport> {
    let violation: ClusterReport["violation"];
    try {
      await this.#play();
    } catch (failure) {
      // A terminal's Ctrl-C reaches every process of the cluster: what fails from then on says nothing.
      if (this.#setup.aborted.reason instanceof Interrupted) return this.#report(undefined);
      const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
      violation =
        failure instanceof Violation
          ? { check: failure.check, text: failure.message }
          : { check: "the harness works", text };
    }
    return this.#report(violation);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#clients.map((client) => client.close()));
    await Promise.allSettled(this.#watchers.map((watcher) => watcher.close()));
    await this.#cluster.close();
  }

  async #play(): Promise<void> {
    const { durationMs, randomness, diskLibrary } = this.#setup;
    await this.#cluster.start(() => this.#isOver);
    this.#requireWhole();
    this.#note("every node serves");
    await this.#startClients();
    const classes = faultClasses(diskLibrary !== undefined);
    const strikes = scheduleOf(randomness.split("schedule"), classes, durationMs);
    for (const { number, classes, lastsMs, calmMs } of strikes) {
      const text = `${classes.join(" + ")} for ${lastsMs} ms, then ${calmMs} ms of calm`;
      this.#note(`drawn: strike ${number}: ${text}`);
    }
    await this.#nemesis.carryOut(strikes, durationMs);
    this.#requireWhole();
    await this.#comeToRest();
    this.#note("everything is at rest");
    await this.#judge();
  }

  /** Somebody wants it to end, or there is nothing left to find out. */
  get #isOver(): boolean {
    return this.#setup.aborted.aborted || this.#broken !== undefined;
  }

  #requireWhole(): void {
    this.#cluster.requireNoAccident();
    if (this.#broken !== undefined) throw this.#broken;
    this.#setup.aborted.throwIfAborted();
  }

  async #startClients(): Promise<void> {
    const windows = new KeyWindows();
    const setups = ["core1", "core2", "core3", "bucket1", "bucket2", "raw1", "raw2"].map((name) =>
      this.#clientSetup(name, windows),
    );
    for (const setup of setups) {
      if (setup.name.startsWith("core")) this.#clients.push(new CoreClient(setup));
      else if (setup.name.startsWith("raw")) this.#clients.push(new RawClient(setup));
      else this.#clients.push(await BucketClient.connect(setup));
    }
    for (const { recorder } of this.#clients) recorder.start();
    const all = { start: bucketPrefix("default"), end: prefixEnd(bucketPrefix("default")) };
    const some = { start: internalKeyOf("default", "h"), end: internalKeyOf("default", "r0") };
    const kinds = [
      { range: all, withCurrent: false, slow: false, restarts: false },
      { range: all, withCurrent: false, slow: true, restarts: true },
      { range: some, withCurrent: false, slow: false, restarts: true },
      { range: all, withCurrent: true, slow: false, restarts: true },
    ];
    for (const [index, kind] of kinds.entries()) {
      const name = `watcher${index + 1}`;
      const { servers, prefix, randomness, broke } = this.#clientSetup(name, windows);
      const watcher = new TortureWatcher({ name, servers, prefix, randomness, broke, ...kind });
      this.#watchers.push(watcher);
      watcher.start();
    }
  }

  #clientSetup(name: string, windows: KeyWindows): ClientSetup {
    const { randomness, thinkMs } = this.#setup;
    return {
      name,
      servers: [this.#cluster.broker.url],
      prefix: this.#cluster.topology.prefix,
      history: this.history,
      windows,
      randomness: randomness.split(name),
      concurrency,
      thinkMs,
      timeoutMs,
      broke: (failure) => {
        this.#broken ??= failure;
      },
    };
  }

  /** With everything mended, clients are answered, replicas and watches catch up, and nothing moves any more. */
  async #comeToRest(): Promise<void> {
    const cluster = this.#cluster;
    const wait = (what: string, holds: () => boolean): Promise<void> =>
      cluster.waitUntil(what, () => this.#isOver || holds(), recoveryMs);
    await wait("every node serves again", () => cluster.serving);
    const answered = this.history.answered;
    await wait("clients are answered", () => this.history.answered > answered + answersAfterwards);
    await Promise.all(this.#clients.map(({ recorder }) => recorder.stop()));
    await this.#readEverything();
    await wait("every call ends", () => this.history.open === 0);
    await wait("all replicas have applied the same", () => cluster.even);
    for (const watcher of this.#watchers) watcher.calmDown();
    await wait("watches are told everything", () => this.#watchedAll());
    await pause(restMs);
    await wait("all replicas still have applied the same", () => cluster.even);
    this.#requireWhole();
  }

  /** One read of all there is: checked like any other, against the log and against every key's history. */
  async #readEverything(): Promise<void> {
    const reader = this.#clients.find((client) => client instanceof CoreClient);
    if (reader === undefined) return;
    let start: string | undefined = bucketPrefix("default");
    const end = prefixEnd(start);
    while (start !== undefined) {
      const recorded = await reader.recorder.record(
        {
          kind: operationKind.range,
          start,
          end,
          limit: rangePage,
          reverse: false,
          keysOnly: false,
          at: newest,
          cursor: undefined,
        },
        linearizable,
      );
      const told = recorded?.told;
      if (told === undefined || !("result" in told.answer)) {
        throw new Violation("liveness", "a cluster that is whole does not answer a range read");
      }
      start = told.answer.rest;
    }
  }

  #watchedAll(): boolean {
    return this.#cluster.topology.regions.every(({ group }) => {
      const leader = this.#cluster.leaderOf(group);
      const status = leader === undefined ? undefined : this.#cluster.status(leader);
      const replica = status?.replicas.find((one) => one.group === group);
      if (replica === undefined) return false;
      return this.#watchers.every((watcher) => watcher.isThrough(group, replica.lastRevision));
    });
  }

  async #judge(): Promise<void> {
    const cluster = this.#cluster;
    const observed = cluster.observe();
    const replicas = cluster.nodes.length * cluster.groups.length;
    if (observed.length !== replicas) {
      const text = `${observed.length} of ${replicas} replicas say how far they are`;
      throw new Violation("liveness", text);
    }
    const clusterId = cluster.status(observed[0]?.node ?? "")?.clusterId ?? "";
    const watches = this.#watchers.map(({ record }) => record);
    const entries = cluster.chosen(observed);
    const records = await cluster.compareLogs(observed, entries);
    const checked = judge({
      topology: cluster.topology,
      clusterId,
      history: this.history,
      watches,
      clocks: this.#nemesis.clocks.errors,
      observed,
      entries,
    });
    this.#checked = { ...checked, records };
  }

  #report(violation: ClusterReport["violation"]): ClusterReport {
    const cluster = this.#cluster;
    const { diskLibrary, nodeCount } = this.#setup;
    const flushes = cluster.nodes.map(({ disk }) => disk.flushes);
    const sum = (counts: readonly number[]): number =>
      counts.reduce((total, count) => total + count, 0);
    return {
      nodes: nodeCount,
      seconds: Math.round((performance.now() - this.#startedMs) / 1_000),
      operations: countByKind(this.history.operations),
      errors: countByError(this.history.operations),
      faults: Object.fromEntries(
        faultClasses(diskLibrary !== undefined).map((name) => [
          name,
          this.#nemesis.counts.get(name) ?? 0,
        ]),
      ) as Record<FaultClass, number>,
      leaderChanges: cluster.reigns.changes,
      checkpoints: cluster.checkpoints,
      trims: cluster.trims,
      watchRestarts: sum(this.#watchers.map(({ record }) => record.restarts)),
      messagesFiltered: sum(cluster.nodes.map(({ link }) => link.dropped)),
      nodeStarts: sum(cluster.nodes.map(({ starts }) => starts)),
      powerFailures: {
        undoneWrites: sum(cluster.nodes.map(({ powerFailures }) => powerFailures.undoneWrites)),
        keptWrites: sum(cluster.nodes.map(({ powerFailures }) => powerFailures.keptWrites)),
      },
      flushes: {
        all: sum(flushes.map(({ all }) => all)),
        delayed: sum(flushes.map(({ delayed }) => delayed)),
        failed: sum(flushes.map(({ failed }) => failed)),
      },
      checked: this.#checked,
      violation,
    };
  }

  #note(line: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1_000).toFixed(3);
    const text = `${seconds.padStart(8)}  ${line}`;
    appendFileSync(join(this.#setup.directory, "nemesis.log"), `${text}\n`);
    this.#setup.say(text);
  }
}
