/**
 * A program that uses the client as users do, on a machine of its own. What its client writes and gets goes into the
 * history, whatever the program makes of it.
 */
import type { Completion } from "../../../client/core/call.ts";
import type { ClientCore } from "../../../client/core/client-core.ts";
import { linearizable, type Freshness } from "../../../client/core/freshness.ts";
import { SynodClient } from "../../../client/synod-client.ts";
import type { ReadRequest, WriteRequest } from "../../../infra/codec/request-encoder.ts";
import { operationKind } from "../../../kv/commands/operation.ts";
import type { SimulatedProcess } from "../../../infra/clock/simulated-process.ts";
import type { SimulatedCluster } from "../../../sim/simulated-cluster.ts";
import type { History } from "../../../sim/workload/history.ts";
import { copyOf } from "../../../sim/workload/simulated-client.ts";

export class Program {
  readonly client: SynodClient;
  readonly process: SimulatedProcess;

  constructor(cluster: SimulatedCluster, history: History, name: string, timeoutMs: number) {
    const { world, network, randomness, topology } = cluster;
    this.process = world.machine(name).start();
    this.client = new SynodClient({
      transport: network.connect(this.process, {
        onProblem: (problem) => {
          if (problem.kind === "handler failed") throw problem.cause;
        },
      }),
      clock: this.process.clock,
      randomness: randomness.split(name),
      prefix: topology.prefix,
      timeoutMs,
      limits: {},
      routeAdopted: () => {},
    });
    record(this.client.core, name, history, () => world.nowMs);
  }
}

function record(core: ClientCore, client: string, history: History, nowMs: () => number): void {
  const begin = (
    operation: WriteRequest | ReadRequest,
    freshness: Freshness | undefined,
    completion: Completion,
  ): Completion => {
    const isStale = freshness !== undefined && freshness !== linearizable;
    const begun = history.begin({ client, operation, stale: isStale, invokedMs: nowMs() });
    return {
      succeeded: (result, place, rest) => {
        history.end(begun, { atMs: nowMs(), answer: { result: copyOf(result), place, rest } });
        completion.succeeded(result, place, rest);
      },
      failed: (failure) => {
        history.end(begun, { atMs: nowMs(), answer: failure });
        completion.failed(failure);
      },
    };
  };
  const write = core.write.bind(core);
  const read = core.read.bind(core);
  core.write = (operation, timeoutMs, completion) =>
    write(operation, timeoutMs, begin(operation, undefined, completion));
  core.read = (operation, freshness, timeoutMs, completion) =>
    // What watches read is theirs to account for.
    operation.kind === operationKind.get
      ? read(operation, freshness, timeoutMs, begin(operation, freshness, completion))
      : read(operation, freshness, timeoutMs, completion);
}
