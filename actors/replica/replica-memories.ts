/** What a replica's machines know when it starts: rebuilt from its two stores, never from a saved machine. */
import { CellCodec } from "../../infra/codec/cell-codec.ts";
import { encodeNoOpEntry } from "../../infra/codec/entry-codec.ts";
import { metaGroup } from "../../infra/topology/topology.ts";
import { ReplicaState } from "../../kv/replica-state.ts";
import { emptyDirectory } from "../../kv/state/directory.ts";
import { Acceptor } from "../../machines/acceptor/acceptor-memory.ts";
import { Checkpointer } from "../../machines/checkpointer/checkpointer-memory.ts";
import { Learner } from "../../machines/learner/learner-memory.ts";
import { Proposer } from "../../machines/proposer/proposer-memory.ts";
import { ReplicaLog } from "../../machines/replica-log.ts";
import type { ReplicaOptions } from "./replica-options.ts";

export interface ReplicaMemories {
  readonly log: ReplicaLog;
  readonly state: ReplicaState;
  readonly acceptor: Acceptor;
  readonly proposer: Proposer;
  readonly learner: Learner;
  readonly checkpointer: Checkpointer;
}

export function rebuildMemories(options: ReplicaOptions): ReplicaMemories {
  const { birth, self, clock, logStore, stateStore, limits, randomness, restarted } = options;
  const { ownedSinceMs } = options;
  const { group, configuration } = birth;
  const stored = logStore.load(group);
  const startedMs = clock.monotonicMs();
  const checkpointThrough = stateStore.checkpoint?.appliedThrough ?? 0;
  const log = new ReplicaLog({
    chosenThrough: stored.chosenThrough,
    trimmedThrough: stored.trimmedThrough,
    unchosen: stored.unchosen,
    bytesMax: limits.logMemoryBytesMax,
    reload: (slot) => logStore.read(group, configuration.epoch, slot, slot, 1)[0],
  });
  const learner = new Learner({ self, configuration, log, checkpointThrough });
  const acceptor = new Acceptor({
    self,
    configuration,
    log,
    promise: stored.promise,
    durableChosenThrough: stored.chosenThrough,
    learner,
    ownedSinceMs,
    restarted,
    incarnation: logStore.identity.incarnation,
    chunkBytesMax: limits.messageBytesMax,
  });
  const proposer = new Proposer({
    self,
    configuration,
    log,
    acceptor,
    random: () => randomness.fraction(),
    noOp: encodeNoOpEntry(),
  });
  const checkpointer = new Checkpointer({
    checkpointThrough,
    tableBytesMax: limits.checkpointBytes,
    intervalMs: limits.checkpointIntervalMs,
    startedMs,
  });
  return { log, state: stateOf(options), acceptor, proposer, learner, checkpointer };
}

function stateOf({ birth, stateStore }: ReplicaOptions): ReplicaState {
  const { group, clusterId, regions } = birth;
  return new ReplicaState({
    clusterId,
    group,
    checkpoint: stateStore,
    codec: new CellCodec(),
    bornWith: {
      regions: regions.filter((region) => region.group === group),
      directory: group === metaGroup ? { version: 1, regions } : emptyDirectory,
    },
  });
}
