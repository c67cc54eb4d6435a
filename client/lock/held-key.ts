/** The key behind a lock: whoever has written it last owns it, until it expires. */
import { absent, type Expectation } from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Caller } from "../caller.ts";
import { linearizable } from "../core/freshness.ts";
import { toLiveEntry } from "../get-many.ts";
import { deleteOf, getOf, putOf, type Value } from "../input.ts";
import type { CallOptions } from "../options.ts";

export class HeldKey {
  readonly caller: Caller;
  readonly key: InternalKey;
  readonly ttlMs: number;
  readonly #value: Value;
  /** Nobody else writes this value: what holds it was written here. */
  readonly #isOwnValue: boolean;

  constructor(caller: Caller, key: InternalKey, ttlMs: number, value: Value | undefined) {
    this.caller = caller;
    this.key = key;
    this.ttlMs = ttlMs;
    this.#value = value ?? idOf(caller.randomness.bytes(16));
    this.#isOwnValue = value === undefined;
  }

  take(options: CallOptions): Promise<Revision> {
    return this.#write(absent, options);
  }

  renew(revision: Revision, options: CallOptions): Promise<Revision> {
    return this.#write(revision, options);
  }

  remove(revision: Revision, options: CallOptions): Promise<void> {
    return this.caller.write(deleteOf(this.key, revision), options, () => {});
  }

  /** Takes back what may have been written by an attempt that nobody waits for any more. */
  async abandon(): Promise<void> {
    if (!this.#isOwnValue) return;
    const options = { timeoutMs: this.ttlMs };
    const found = await this.caller.read(getOf(this.key), linearizable, options, toLiveEntry);
    if (found?.string() === this.#value) await this.remove(found.revision, options);
  }

  #write(expectation: Expectation, options: CallOptions): Promise<Revision> {
    const operation = putOf(this.key, this.#value, this.ttlMs, expectation);
    return this.caller.write(operation, options, toRevision);
  }
}

function idOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function toRevision(result: OperationResult): Revision {
  return result as Revision;
}
