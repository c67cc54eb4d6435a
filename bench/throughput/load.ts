/**
 * The client's side, a program of its own: a number of callers, each of which puts the next value when it has the
 * answer to its last. Reads its task from the first argument and writes one line of JSON per moment.
 */
import { createHistogram } from "node:perf_hooks";
import { connect, SynodError, type Bucket } from "../../client/index.ts";
import { firstLetter, letters } from "./bench-topology.ts";
import { RawPuts } from "./raw-puts.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";

export interface LoadTask {
  readonly server: string;
  readonly password: string;
  readonly callers: readonly number[];
  readonly seconds: number;
  /** Before anything is measured: code that is still being compiled costs several times what it costs later. */
  readonly warmUpPuts: number;
  readonly valueBytes: number;
  readonly keys: number;
  readonly oneRegion: boolean;
  /** On raw subjects, a message for each put, instead of through the client. */
  readonly raw: boolean;
  readonly timeoutMs: number;
}

export interface Putter {
  /** Answers with the code of an error, if there was one. */
  put(key: string, value: Uint8Array): Promise<string | undefined>;
}

class ClientPuts implements Putter {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async put(key: string, value: Uint8Array): Promise<string | undefined> {
    try {
      await this.#bucket.put(key, value);
      return undefined;
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      return failure.code;
    }
  }
}

export type LoadMoment =
  | { readonly moment: "measuring"; readonly callers: number }
  | {
      readonly moment: "measured";
      readonly callers: number;
      readonly seconds: number;
      readonly puts: number;
      /** By code. */
      readonly errors: Readonly<Record<string, number>>;
      readonly latencyMs: Latency;
    };

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Before each measurement, with its number of callers. */
const settleSeconds = 2;

class Load {
  readonly #task: LoadTask;
  readonly #putter: Putter;
  readonly #value: Uint8Array;
  #latencies = createHistogram();
  #puts = 0;
  #errors: Record<string, number> = {};
  /** With an operation under way. */
  #live = 0;
  #callers = 0;

  constructor(task: LoadTask, putter: Putter) {
    this.#task = task;
    this.#putter = putter;
    this.#value = new Uint8Array(task.valueBytes).fill(0x61);
  }

  async run(): Promise<void> {
    const { callers: phases, warmUpPuts, seconds } = this.#task;
    this.#keepBusy(Math.max(...phases));
    while (this.#puts < warmUpPuts) await pause(0.01);
    for (const callers of phases) await this.#measure(callers, seconds);
    this.#keepBusy(0);
    while (this.#live > 0) await pause(0.01);
  }

  async #measure(callers: number, seconds: number): Promise<void> {
    await this.#during(settleSeconds, callers);
    this.#forget();
    say({ moment: "measuring", callers });
    const beganMs = performance.now();
    await this.#during(seconds, callers);
    const tookSeconds = (performance.now() - beganMs) / 1000;
    say({ moment: "measured", callers, seconds: tookSeconds, ...this.#summary() });
  }

  /** Leaves the callers running; the next call may want fewer of them. */
  async #during(seconds: number, callers: number): Promise<void> {
    this.#keepBusy(callers);
    await pause(seconds);
  }

  #keepBusy(callers: number): void {
    this.#callers = callers;
    while (this.#live < callers) void this.#call();
  }

  /** One caller, for as long as it is wanted. */
  async #call(): Promise<void> {
    this.#live += 1;
    while (this.#live <= this.#callers) await this.#put();
    this.#live -= 1;
  }

  async #put(): Promise<void> {
    const key = this.#key(Math.floor(Math.random() * this.#task.keys));
    const issuedMs = performance.now();
    const code = await this.#putter.put(key, this.#value);
    if (code !== undefined) {
      this.#errors[code] = (this.#errors[code] ?? 0) + 1;
      return;
    }
    this.#puts += 1;
    this.#latencies.record(Math.max(1, Math.round((performance.now() - issuedMs) * 1000)));
  }

  /** Spread over the alphabet, and so over the regions, unless one is to have all of them. */
  #key(number: number): string {
    const letter = this.#task.oneRegion
      ? "k"
      : String.fromCharCode(firstLetter.charCodeAt(0) + (number % letters));
    return letter + String(number).padStart(8, "0");
  }

  #forget(): void {
    this.#latencies = createHistogram();
    this.#puts = 0;
    this.#errors = {};
  }

  #summary(): {
    readonly puts: number;
    readonly errors: Readonly<Record<string, number>>;
    readonly latencyMs: Latency;
  } {
    const latencies = this.#latencies;
    const at = (percentile: number): number => latencies.percentile(percentile) / 1000;
    return {
      puts: this.#puts,
      errors: this.#errors,
      latencyMs: { p50: at(50), p99: at(99), p999: at(99.9), max: latencies.max / 1000 },
    };
  }
}

function say(moment: LoadMoment): void {
  process.stdout.write(`${JSON.stringify(moment)}\n`);
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(seconds * 1000, resolve));
}

async function main(): Promise<void> {
  const task = JSON.parse(process.argv[2] ?? "") as LoadTask;
  const { server, password, timeoutMs } = task;
  if (task.raw) {
    const puts = new RawPuts(server, password, timeoutMs);
    await new Load(task, puts).run();
    return puts.close();
  }
  const synod = await connect({ servers: server, user: "client", password, timeoutMs });
  await new Load(task, new ClientPuts(synod.bucket())).run();
  await synod.close();
}

await main();
