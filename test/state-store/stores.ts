/** Both implementations of the state store behind the same few verbs, for tests that must hold for both. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { openStateStore } from "../../infra/state-store/lmdb-state-store.ts";
import type { MergePolicy } from "../../infra/state-store/merge-policy.ts";
import { SimulatedDisk } from "../../infra/state-store/simulated-disk.ts";
import { openSimulatedStateStore } from "../../infra/state-store/simulated-state-store.ts";
import type {
  CheckpointCut,
  GroupStateStore,
  StateStore,
} from "../../infra/state-store/state-store.ts";
import { compiledPath } from "../support/compiled.ts";
import { ManualClock } from "./manual-clock.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";

export interface TestStore {
  /** Opens the same data again; the one before must be closed. */
  open(policy?: MergePolicy): Promise<StateStore>;
  /** Calls `start` and waits for its `done`; throws what `done` was given. */
  finish(start: (done: (failure: Error | undefined) => void) => void): Promise<void>;
  until(what: string, condition: () => boolean): Promise<void>;
  /** Lets what goes on in the background go on for so many turns. */
  turns(count: number): Promise<void>;
  remove(): void;
}

export const testStores: readonly { readonly name: string; readonly make: () => TestStore }[] = [
  { name: "simulated", make: simulatedStore },
  { name: "LMDB", make: () => lmdbStore() },
];

export async function checkpoint(
  on: TestStore,
  group: GroupStateStore,
  cut: CheckpointCut,
): Promise<void> {
  await on.finish((done) => group.write(cut, done));
  await on.finish((done) => group.switchTo(cut.appliedThrough, done));
}

export function simulatedStore(): TestStore & {
  readonly disk: SimulatedDisk;
  readonly clock: ManualClock;
} {
  const disk = new SimulatedDisk();
  const clock = new ManualClock();
  return {
    disk,
    clock,
    open: (policy) => Promise.resolve(openSimulatedStateStore(disk, clock, policy)),
    finish: (start) => {
      const results: (Error | undefined)[] = [];
      start((failure) => results.push(failure));
      while (results.length === 0 && clock.step());
      if (results.length === 0) throw new Error("the callback was never called");
      const failure = results[0];
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
    until: (what, condition) => {
      while (!condition()) if (!clock.step()) throw new Error(`never: ${what}`);
      return Promise.resolve();
    },
    turns: (count) => {
      for (let turn = 0; turn < count; turn += 1) clock.step();
      return Promise.resolve();
    },
    remove: () => {},
  };
}

export function lmdbStore(
  directory = mkdtempSync(join(tmpdir(), "synod-state-")),
  owner = "test",
): TestStore & { readonly directory: string } {
  return {
    directory,
    open: async (policy) => {
      const open = await compiledOpen();
      const options = { directory, owner, clock: systemClock };
      return open(policy === undefined ? options : { ...options, mergePolicy: policy });
    },
    finish: (start) =>
      new Promise((resolve, reject) => {
        start((failure) => {
          if (failure === undefined) resolve();
          else reject(failure);
        });
      }),
    until: async (what, condition) => {
      const deadline = performance.now() + 20_000;
      while (!condition()) {
        if (performance.now() > deadline) throw new Error(`not within 20 s: ${what}`);
        await new Promise((resolve) => {
          setTimeout(resolve, 2);
        });
      }
    },
    turns: async (count) => {
      for (let turn = 0; turn < count; turn += 1) {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The worker beside the store is a file of its own, which has to be JavaScript. */
async function compiledOpen(): Promise<typeof openStateStore> {
  const path = compiledPath("infra/state-store/lmdb-state-store.ts");
  const module = (await import(pathToFileURL(path).href)) as {
    readonly openStateStore: typeof openStateStore;
  };
  return module.openStateStore;
}
