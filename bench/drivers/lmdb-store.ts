/** A bare LMDB, with the settings of the log store: a put is answered when its transaction is flushed. */
import { open, type RootDatabase } from "lmdb";
import type { DriverTask } from "../comparison/task.ts";
import type { Store } from "./store.ts";

const mapBytes = 64 * 2 ** 30;
const keysPerTransaction = 10_000;

export class LmdbStore implements Store {
  readonly #database: RootDatabase<Buffer, string>;

  constructor({ endpoints }: DriverTask) {
    this.#database = open<Buffer, string>({
      path: endpoints[0] ?? "",
      encoding: "binary",
      mapSize: mapBytes,
      overlappingSync: false,
      eventTurnBatching: false,
    });
  }

  async load(keys: readonly string[], value: Uint8Array): Promise<void> {
    const content = Buffer.from(value);
    for (let begin = 0; begin < keys.length; begin += keysPerTransaction) {
      await this.#database.transaction(() => {
        for (const key of keys.slice(begin, begin + keysPerTransaction)) {
          void this.#database.put(key, content);
        }
      });
    }
  }

  put(key: string, value: Uint8Array): Promise<unknown> {
    return this.#database.put(key, Buffer.from(value.buffer, value.byteOffset, value.length));
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}
