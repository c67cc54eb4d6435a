/**
 * The client's side, a program of its own: loads keys, or puts values to random ones of them until it is stopped. Reads
 * its task from the first argument and says what it has done in lines of JSON.
 */
import { connect, SynodError, type Bucket } from "../../client/index.ts";
import { keyAt } from "./keys.ts";

export type WriterTask = {
  readonly server: string;
  readonly password: string;
  readonly valueBytes: number;
} & (
  | { readonly kind: "load"; readonly first: number; readonly behind: number }
  | { readonly kind: "put"; readonly keys: number; readonly callers: number }
);

/** How many puts have been acknowledged so far, and how many were not. */
export interface Written {
  readonly puts: number;
  readonly errors: number;
}

const sayEveryMs = 100;
const timeoutMs = 30_000;
const loadTransactions = 32;
const transactionKeys = 128;

class Writer {
  readonly #bucket: Bucket;
  readonly #value: Uint8Array;
  #puts = 0;
  #errors = 0;

  constructor(bucket: Bucket, valueBytes: number) {
    this.#bucket = bucket;
    this.#value = new Uint8Array(valueBytes).fill(0x61);
  }

  say(): void {
    const written: Written = { puts: this.#puts, errors: this.#errors };
    process.stdout.write(`${JSON.stringify(written)}\n`);
  }

  /** Every transaction is repeated until it is acknowledged: all keys are there in the end. */
  async load(first: number, behind: number): Promise<void> {
    let next = first;
    const loadParts = async (): Promise<void> => {
      while (next < behind) {
        const from = next;
        next = Math.min(behind, from + transactionKeys);
        const pairs = Array.from(
          { length: next - from },
          (_, at) => [keyAt(from + at), this.#value] as const,
        );
        while (!(await this.#attempt(() => this.#bucket.putMany(pairs), pairs.length))) continue;
      }
    };
    await Promise.all(Array.from({ length: loadTransactions }, loadParts));
  }

  async putForever(keys: number): Promise<never> {
    for (;;) {
      const key = keyAt(Math.floor(Math.random() * keys));
      await this.#attempt(() => this.#bucket.put(key, this.#value), 1);
    }
  }

  async #attempt(write: () => Promise<unknown>, puts: number): Promise<boolean> {
    try {
      await write();
      this.#puts += puts;
      return true;
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      this.#errors += 1;
      return false;
    }
  }
}

async function main(): Promise<void> {
  const task = JSON.parse(process.argv[2] ?? "") as WriterTask;
  const { server, password, valueBytes } = task;
  const client = await connect({ servers: server, user: "client", password, timeoutMs });
  const writer = new Writer(client.bucket(), valueBytes);
  const saying = setInterval(() => writer.say(), sayEveryMs);
  if (task.kind === "put") {
    await Promise.all(Array.from({ length: task.callers }, () => writer.putForever(task.keys)));
  } else {
    await writer.load(task.first, task.behind);
  }
  clearInterval(saying);
  writer.say();
  await client.close();
}

await main();
