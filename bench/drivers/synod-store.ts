/** Synod through its own client: one client for all callers, as one program would have it. */
import { ConflictError, connect, type Bucket, type SynodClient } from "../../client/index.ts";
import type { DriverTask } from "../comparison/task.ts";
import type { Store, Updated } from "./store.ts";

/** How many transactions of the load are under way at a time. */
const loadTransactions = 32;
const transactionKeysMax = 128;
const transactionBytesMax = 512 * 1024;

export class SynodStore implements Store {
  readonly #task: DriverTask;
  readonly #client: SynodClient;
  readonly #bucket: Bucket;
  readonly #subscribers: SynodClient[] = [];

  private constructor(task: DriverTask, client: SynodClient) {
    this.#task = task;
    this.#client = client;
    this.#bucket = client.bucket();
  }

  static async open(task: DriverTask): Promise<SynodStore> {
    return new SynodStore(task, await connectTo(task));
  }

  async load(keys: readonly string[], value: Uint8Array): Promise<void> {
    const perTransaction = Math.min(
      transactionKeysMax,
      Math.max(1, Math.floor(transactionBytesMax / (value.length + 64))),
    );
    let next = 0;
    const loadParts = async (): Promise<void> => {
      while (next < keys.length) {
        const part = keys.slice(next, next + perTransaction);
        next += perTransaction;
        await this.#bucket.putMany(part.map((key) => [key, value] as const));
      }
    };
    await Promise.all(Array.from({ length: loadTransactions }, loadParts));
  }

  put(key: string, value: Uint8Array): Promise<unknown> {
    return this.#bucket.put(key, value);
  }

  get(key: string): Promise<{ readonly value: Uint8Array } | null> {
    return this.#bucket.get(key);
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<Updated> {
    try {
      const written =
        revision === 0
          ? this.#bucket.create(key, value)
          : this.#bucket.update(key, value, revision);
      return { revision: await written, done: true };
    } catch (failure) {
      if (!(failure instanceof ConflictError)) throw failure;
      return { revision: failure.actualRevision ?? 0, done: false };
    }
  }

  async range(start: string, limit: number): Promise<number> {
    return (await this.#bucket.range({ start, limit }).toArray()).length;
  }

  async watch(prefix: string, changed: (value: Uint8Array) => void): Promise<void> {
    const subscriber = await connectTo(this.#task);
    this.#subscribers.push(subscriber);
    const watch = await subscriber.bucket().watch({ key: `${prefix}>`, include: "updates" });
    void this.#tell(watch, changed);
  }

  async close(): Promise<void> {
    await Promise.all([this.#client, ...this.#subscribers].map((client) => client.close()));
  }

  async #tell(
    watch: AsyncIterable<{ readonly value: Uint8Array }>,
    changed: (value: Uint8Array) => void,
  ): Promise<void> {
    try {
      for await (const { value } of watch) changed(value);
    } catch (failure) {
      // Its end with the client is the usual one; any other shows as deliveries that do not come.
      process.stderr.write(`a watch ended: ${String(failure)}\n`);
    }
  }
}

/** A system that has just been woken may take a while to take connections. */
async function connectTo({ endpoints, timeoutMs }: DriverTask): Promise<SynodClient> {
  return connect({ servers: endpoints, timeoutMs, connectTimeoutMs: timeoutMs });
}
