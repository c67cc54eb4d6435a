/** The driver of systems that are driven from Node: the task is the first argument, the result one line on stdout. */
import type { DriverTask } from "../comparison/task.ts";
import { LmdbStore } from "./lmdb-store.ts";
import { run } from "./load.ts";
import type { Store } from "./store.ts";
import { SynodStore } from "./synod-store.ts";

async function open(task: DriverTask): Promise<Store> {
  if (task.system === "synod") return SynodStore.open(task);
  if (task.system === "lmdb") return new LmdbStore(task);
  throw new Error(`${task.system} is driven by the program in bench/peers`);
}

const task = JSON.parse(process.argv[2] ?? "{}") as DriverTask;
const store = await open(task);
process.stdout.write(`${JSON.stringify(await run(task, store))}\n`);
await store.close();
