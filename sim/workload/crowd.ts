/** The clients of a run: some ask one thing at a time and meet each other often, others ask much at once. */
import type { SimulatedCluster } from "../simulated-cluster.ts";
import { Banker } from "./banker.ts";
import type { History } from "./history.ts";
import { keyNames } from "./key-names.ts";
import { RawSimulatedClient } from "./raw-client.ts";
import { SimulatedClient, type SimulatedClientOptions } from "./simulated-client.ts";

export interface CrowdOptions {
  readonly clients: number;
  /** Beside them, on raw subjects. */
  readonly rawClients: number;
  readonly keys: number;
  /** Beside them, on accounts of their own. */
  readonly bankers: number;
}

type Habit = Pick<SimulatedClientOptions, "concurrency" | "burst" | "thinkMs" | "timeoutMs">;
type Common = Omit<SimulatedClientOptions, keyof Habit | "onlyReads" | "oldTables">;

/** Longer than most faults last: what was asked is answered in the end. */
const patientMs = 3_000;
/** Has time for a second attempt, and none for the election that many faults lead to. */
const hurriedMs = 900;

/** Every third client is one who asks alone: what it asks is decided in entries of its own. It does not wait for long. */
const alone: Habit = { concurrency: 4, burst: 1, thinkMs: 40, timeoutMs: hurriedMs };
/** The others fill frames, as programs with many callers do. */
const busy: Habit = { concurrency: 3, burst: 192, thinkMs: 160, timeoutMs: patientMs };
/** Who writes soon notices that a leader was cut off, and asks another; who only reads stays as long as it is answered. */
const reader: Habit = { concurrency: 2, burst: 1, thinkMs: 30, timeoutMs: patientMs };
/** Asks groups for keys that they do not own: nothing of that may be carried out. */
const misled: Habit = { concurrency: 2, burst: 8, thinkMs: 80, timeoutMs: hurriedMs };
const bank: Omit<Habit, "burst"> = { concurrency: 3, thinkMs: 60, timeoutMs: patientMs };
const raw: Habit = { concurrency: 3, burst: 1, thinkMs: 40, timeoutMs: patientMs };

export class Crowd {
  /** Those of which it can be said whether they wait for anything. */
  readonly resting: readonly (SimulatedClient | Banker)[];
  readonly #clients: readonly (SimulatedClient | RawSimulatedClient | Banker)[];

  constructor(cluster: SimulatedCluster, history: History, options: CrowdOptions) {
    const keys = keyNames(options.keys);
    const { world, network, randomness, topology } = cluster;
    const common = (name: string): Common => ({
      name,
      process: world.machine(name).start(),
      network,
      randomness: randomness.split(name),
      prefix: topology.prefix,
      history,
      keys,
    });
    const framed = Array.from({ length: options.clients }, (_, index) => {
      const habit = index % 3 === 0 ? alone : busy;
      return new SimulatedClient({ ...common(`client${index + 1}`), ...habit });
    });
    const spoken = Array.from({ length: options.rawClients }, (_, index) => {
      const name = `raw${index + 1}`;
      cluster.rawClients.push(name);
      return new RawSimulatedClient({ ...common(name), ...raw });
    });
    const special =
      options.clients > 1
        ? [
            new SimulatedClient({ ...common("reader1"), ...reader, onlyReads: true }),
            new SimulatedClient({ ...common("misled1"), ...misled, oldTables: true }),
          ]
        : [];
    const bankers = Array.from({ length: options.bankers }, (_, index) => {
      return new Banker({ ...common(`banker${index + 1}`), ...bank });
    });
    this.resting = [...framed, ...special, ...bankers];
    this.#clients = [...framed, ...spoken, ...special, ...bankers];
  }

  start(): void {
    for (const client of this.#clients) client.start();
  }

  /** Nothing new is asked; what is open still ends. */
  stop(): void {
    for (const client of this.#clients) client.stop();
  }
}
