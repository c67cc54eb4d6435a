/** What a workload asks of a system; bench/peers/store.go is the same for systems that a Go client drives. */

export interface Updated {
  /** Of the key, after it. */
  readonly revision: number;
  /** Otherwise somebody else was first. */
  readonly done: boolean;
}

export interface Store {
  /** Writes all keys as fast as it can. */
  load(keys: readonly string[], value: Uint8Array): Promise<void>;
  put(key: string, value: Uint8Array): Promise<unknown>;
  get?(key: string): Promise<{ readonly value: Uint8Array } | null>;
  /** Writes if the key still has the revision; 0: if it does not exist. */
  update?(key: string, value: Uint8Array, revision: number): Promise<Updated>;
  /** Answers with how many keys there were, at most `limit`. */
  range?(start: string, limit: number): Promise<number>;
  /** One subscriber more, with a connection of its own, of every key below the prefix. */
  watch?(prefix: string, changed: (value: Uint8Array) => void): Promise<void>;
  close(): Promise<void>;
}
