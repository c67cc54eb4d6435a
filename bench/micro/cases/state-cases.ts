/** Applying puts, and reading them from the table in memory and from runs. */
import { SimulatedWorld } from "../../../infra/clock/simulated-world.ts";
import { EntryDecoder } from "../../../infra/codec/entry-codec.ts";
import { SimulatedDisk } from "../../../infra/state-store/simulated-disk.ts";
import { openSimulatedStateStore } from "../../../infra/state-store/simulated-state-store.ts";
import { operationKind, type Put, type Range } from "../../../kv/commands/operation.ts";
import type { ReplicaState } from "../../../kv/replica-state.ts";
import { newest } from "../../../kv/revision.ts";
import type { MicroCase, Scale } from "../micro-case.ts";
import { entriesOf, group, newReplica, nothingStored, putsOf } from "../puts.ts";

const rowsPerRange = 100;

export function stateCases({ puts: count, others }: Scale): MicroCase[] {
  const puts = putsOf(count, 7);
  const entries = entriesOf(puts);
  const decoder = new EntryDecoder();
  const apply = (replica: ReplicaState): ReplicaState => {
    for (const entry of entries) {
      replica.apply(replica.appliedThrough + 1, decoder.decode(entry));
    }
    return replica;
  };
  let fresh = newReplica(nothingStored);
  return [
    {
      name: "replica: decode and apply a put",
      operations: count,
      prepare: () => (fresh = newReplica(nothingStored)),
      run: () => void apply(fresh),
    },
    ...reads("table", apply(newReplica(nothingStored)), puts, others),
    ...reads("runs", checkpointed(apply), puts, others),
  ];
}

/** A replica whose table is empty: what was applied lies in one run, on a disk in memory. */
function checkpointed(apply: (replica: ReplicaState) => ReplicaState): ReplicaState {
  const world = new SimulatedWorld();
  const { clock } = world.machine("m").start();
  const store = openSimulatedStateStore(new SimulatedDisk(), clock).group(group);
  const replica = apply(newReplica(store));
  const cut = replica.freeze();
  let done = false;
  store.write(cut, () => store.switchTo(cut.appliedThrough, () => (done = true)));
  if (!world.runUntil(() => done, 600_000)) throw new Error("the checkpoint does not end");
  replica.checkpointed();
  return replica;
}

function reads(
  from: string,
  replica: ReplicaState,
  puts: readonly Put[],
  count: number,
): MicroCase[] {
  const key = (at: number): string => (puts[(at * 7919) % puts.length] as Put).key;
  const range = (at: number): Range => ({
    kind: operationKind.range,
    start: key(at),
    end: undefined,
    limit: rowsPerRange,
    reverse: at % 2 === 1,
    keysOnly: false,
    at: newest,
    cursor: undefined,
  });
  return [
    {
      name: `replica: point read from ${from}`,
      operations: count,
      run: () => {
        for (let at = 0; at < count; at++) {
          replica.read([{ kind: operationKind.get, key: key(at), at: newest }]);
        }
      },
    },
    {
      name: `replica: row of a range of ${rowsPerRange} from ${from}`,
      operations: count,
      run: () => {
        for (let at = 0; at < count / rowsPerRange; at++) replica.read([range(at)]);
      },
    },
  ];
}
