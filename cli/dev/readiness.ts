/** Waits until a cluster can be used: every group has a leader that answers reads. */
import { ClientCore } from "../../client/core/client-core.ts";
import { linearizable } from "../../client/core/freshness.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { metaGroup, type Topology, type TopologyRegion } from "../../infra/topology/topology.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import { newest } from "../../kv/revision.ts";
import type { ClusterPicture } from "../cluster/cluster-picture.ts";
import { ClusterQuestions } from "../cluster/cluster-questions.ts";
import { takePicture } from "../cluster/take-picture.ts";

export interface ReadinessOptions {
  readonly topology: Topology;
  readonly transport: Transport;
  /** Fires when nobody waits any more. */
  readonly signal: AbortSignal;
  /** Told now and then what is still missing. */
  readonly waiting: (what: string) => void;
}

const pollMs = 50;
const answerTimeoutMs = 250;
const readTimeoutMs = 1_000;
/** Nodes that take no part keep nobody waiting for longer once all groups can be used. */
const stragglerMsMax = 3_000;
const firstWordAfterMs = 10_000;

/** Resolves with the cluster as it then stands, or with undefined when `signal` fired first. */
export async function whenReady(options: ReadinessOptions): Promise<ClusterPicture | undefined> {
  const { topology, transport, signal, waiting } = options;
  const { prefix } = topology;
  const clock = systemClock;
  const core = new ClientCore({ transport, clock, randomness: systemRandomness, prefix });
  const questions = new ClusterQuestions({ transport, inbox: core.inbox, clock, prefix });
  let toldMs = clock.monotonicMs();
  let usableMs: number | undefined;
  try {
    while (!signal.aborted) {
      const picture = await takePicture(questions, answerTimeoutMs);
      const missing = missingLeader(topology, picture) ?? (await unreadable(core, topology));
      const nowMs = clock.monotonicMs();
      if (missing === undefined) {
        usableMs ??= nowMs;
        if (everyNodeIsSettled(topology, picture)) return picture;
        if (nowMs - usableMs > stragglerMsMax) return picture;
      } else if (nowMs - toldMs > firstWordAfterMs) {
        toldMs = nowMs;
        waiting(missing);
      }
      await pause();
    }
    return undefined;
  } finally {
    core.close();
  }
}

function everyNodeIsSettled(topology: Topology, { nodes }: ClusterPicture): boolean {
  return topology.nodes.every(({ name }) => {
    const state = nodes.find(({ node }) => node === name)?.word?.state;
    return state === "serving" || state === "barred";
  });
}

/** An answer about regions is what makes `meta` usable: no key leads to it. */
function missingLeader(topology: Topology, picture: ClusterPicture): string | undefined {
  const leaderless = topology.groups.filter(
    ({ name }) => picture.groups.find(({ group }) => group === name)?.leader === undefined,
  );
  if (leaderless.length === 0) {
    return picture.routing === undefined ? `group ${metaGroup} does not answer yet` : undefined;
  }
  const silent = topology.nodes.filter(({ name }) => !hasAnswered(picture, name));
  const silence = silent.length === 0 ? "" : `; no answer from ${namesOf(silent)}`;
  return `no leader yet in ${namesOf(leaderless)}${silence}`;
}

function hasAnswered({ nodes }: ClusterPicture, name: string): boolean {
  return nodes.some(({ node, word }) => node === name && word !== undefined);
}

function namesOf(named: readonly { readonly name: string }[]): string {
  return named.map(({ name }) => name).join(", ");
}

/** Reads one key of each group that keys lead to. */
async function unreadable(core: ClientCore, topology: Topology): Promise<string | undefined> {
  const reads = topology.groups.flatMap(({ name }) => {
    const region = topology.regions.find(({ group }) => group === name);
    return region === undefined ? [] : [readOneKey(core, region)];
  });
  const failures = await Promise.all(reads);
  return failures.find((failure) => failure !== undefined);
}

function readOneKey(
  core: ClientCore,
  { start, end, group }: TopologyRegion,
): Promise<string | undefined> {
  const range = { kind: operationKind.range, start, end, limit: 1, cursor: undefined } as const;
  return new Promise((resolve) => {
    core.read(
      { ...range, reverse: false, keysOnly: true, at: newest },
      linearizable,
      readTimeoutMs,
      {
        succeeded: () => resolve(undefined),
        failed: (failure) => resolve(`group ${group} does not answer reads: ${failure.message}`),
      },
    );
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => systemClock.after(pollMs, resolve));
}
