/** The state store of a real node: one LMDB environment, written by one thread of its own. */
import { join } from "node:path";
import type { Clock } from "../clock/clock.ts";
import { makeDirectory } from "../files/make-directory.ts";
import { Environment } from "./environment.ts";
import { LmdbDevice } from "./lmdb-device.ts";
import type { MergePolicy } from "./merge-policy.ts";
import type { StateStore } from "./state-store.ts";

export interface StateStoreOptions {
  /** Made if absent. No other process may have it open. */
  readonly directory: string;
  /** Names cluster, node and member: what another left behind is not believed. */
  readonly owner: string;
  readonly clock: Clock;
  readonly mergePolicy?: MergePolicy;
  /** So long after the opening nothing is merged and nothing that is left over removed. */
  readonly quietMs?: number;
}

/** Opens or creates a node's state store. An empty or missing one holds no checkpoint, which is no error. */
export function openStateStore(options: StateStoreOptions): StateStore {
  makeDirectory(options.directory);
  const device = new LmdbDevice(join(options.directory, "state.mdb"), options.owner);
  try {
    const { clock, mergePolicy, quietMs } = options;
    return new Environment(device, device, clock, mergePolicy, quietMs);
  } catch (failure) {
    device.close(() => {});
    throw failure;
  }
}
