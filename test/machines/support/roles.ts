/** How a trace's first line sets up each role. */
import type { AnyStateMachine } from "xstate";
import { noBallot, type Ballot } from "../../../machines/ballot.ts";
import type { Configuration } from "../../../machines/configuration.ts";
import { acceptorActor } from "../../../machines/acceptor/acceptor-rules.ts";
import { Acceptor } from "../../../machines/acceptor/acceptor-memory.ts";
import { birthActor } from "../../../machines/birth/birth-rules.ts";
import { Midwife } from "../../../machines/birth/birth-memory.ts";
import type { Birth, BirthPlan } from "../../../machines/birth/birth-record.ts";
import { checkpointerActor } from "../../../machines/checkpointer/checkpointer-rules.ts";
import { Checkpointer } from "../../../machines/checkpointer/checkpointer-memory.ts";
import { learnerActor } from "../../../machines/learner/learner-rules.ts";
import { Learner } from "../../../machines/learner/learner-memory.ts";
import { nodeActor } from "../../../machines/node/node-rules.ts";
import { NodeLife } from "../../../machines/node/node-memory.ts";
import type { Start } from "../../../machines/node/start.ts";
import { proposerActor } from "../../../machines/proposer/proposer-rules.ts";
import { Proposer } from "../../../machines/proposer/proposer-memory.ts";
import { regionManagerActor } from "../../../machines/region-manager/region-manager-rules.ts";
import { RegionManager } from "../../../machines/region-manager/region-manager-memory.ts";
import type { LogRecord } from "../../../machines/record.ts";
import { ReplicaLog } from "../../../machines/replica-log.ts";
import { memberOf } from "./notation.ts";

export type Fields = Readonly<Record<string, unknown>>;

export interface Role {
  readonly logic: AnyStateMachine;
  memory(fields: Fields): { readonly outbox: { readonly type: string }[] };
  /** Fields an event may leave out. */
  fill?(event: string): Fields;
}

/** `stored=[…] chosen=N` on an event: what the acceptor did to the shared log before it. */
export function storeBefore(memory: object, fields: Record<string, unknown>): void {
  const log = logs.get(memory);
  if (log === undefined) return;
  for (const record of field<readonly LogRecord[]>(fields, "stored", [])) log.put(record, 0);
  if (typeof fields["chosen"] === "number") log.markChosen(fields["chosen"]);
  delete fields["stored"];
  delete fields["chosen"];
}

/** The log each memory reads. */
const logs = new WeakMap<object, ReplicaLog>();

function reading<Memory extends object>(log: ReplicaLog, memory: Memory): Memory {
  logs.set(memory, log);
  return memory;
}

function field<Value>(fields: Fields, name: string, otherwise: Value): Value {
  return (name in fields ? fields[name] : otherwise) as Value;
}

function self(fields: Fields): { readonly node: string; readonly member: number } {
  const node = field(fields, "self", "n1");
  return { node, member: field(fields, "member", memberOf(node)) };
}

function configuration(fields: Fields): Configuration {
  const nodes = field(fields, "members", ["n1", "n2", "n3"]);
  const majority = Math.floor(nodes.length / 2) + 1;
  return {
    epoch: 1,
    members: nodes.map((node) => ({ node, member: memberOf(node) })),
    phase1: field(fields, "phase1", majority),
    phase2: field(fields, "phase2", majority),
    leaseMs: 600,
    driftRatio: 0.1,
  };
}

function log(fields: Fields): ReplicaLog {
  const records = field<readonly LogRecord[]>(fields, "records", []);
  return new ReplicaLog({
    chosenThrough: field(fields, "chosenThrough", 0),
    trimmedThrough: field(fields, "trimmedThrough", 0),
    unchosen: records,
    bytesMax: 1_000_000,
    reload: (slot) => records.find((record) => record.slot === slot),
  });
}

const messageDefaults: Readonly<Record<string, Fields>> = {
  prepare: { fromSlot: 1 },
  accept: { commitIndex: 0, entry: new TextEncoder().encode("x") },
  heartbeat: { beat: 1, commitIndex: 0, trimThrough: 0, asOfMs: 0, checksumSlot: 0, checksum: 0 },
  heartbeatAcked: {
    memberWallMs: 1_000_000,
    chosenThrough: 0,
    appliedThrough: 0,
    checkpointThrough: 0,
    checksumSlot: 0,
    checksum: 0,
  },
  preVote: { attempt: 1, watermark: 0 },
  preVoted: { attempt: 1, granted: true, highestRound: 0, chosenThrough: 0, compactedThrough: 0 },
  promised: {
    cut: 1,
    chunk: 1,
    chunks: 1,
    fromSlot: 1,
    compactedThrough: 0,
    chosenThrough: 0,
    records: [],
  },
  rejected: { leaseRemainingMs: 0 },
  accepted: { chosenThrough: 0 },
  learned: { slots: [], compactedThrough: 0, chosenThrough: 0 },
  applied: { checksumSlot: 0, checksum: 0 },
};

const fillMessage = (event: string): Fields => messageDefaults[event] ?? {};

function plan(fields: Fields): BirthPlan {
  const nodes = field(fields, "nodes", ["n1", "n2", "n3"]);
  const majority = Math.floor(nodes.length / 2) + 1;
  return {
    cluster: "demo",
    group: field(fields, "group", "meta"),
    nodes,
    phase1: majority,
    phase2: majority,
    leaseMs: 600,
    driftRatio: 0.1,
    regions: [],
  };
}

/** The birth that n1 makes in these traces, or one that differs from it. */
export function sampleBirth(fields: Fields): Birth {
  const { cluster, group, nodes, ...quorums } = plan(fields);
  const members = field<readonly number[]>(fields, "memberIds", nodes.map(memberOf));
  return {
    id: field(fields, "id", 900),
    cluster,
    clusterId: "c1",
    group,
    configuration: {
      epoch: 1,
      members: nodes.map((node, index) => ({ node, member: members[index] ?? 0 })),
      phase1: quorums.phase1,
      phase2: quorums.phase2,
      leaseMs: field(fields, "leaseMs", 600),
      driftRatio: 0.1,
    },
    regions: [],
  };
}

export const roles = {
  acceptor: {
    logic: acceptorActor,
    fill: fillMessage,
    memory: (fields: Fields) =>
      new Acceptor({
        self: self(fields),
        configuration: configuration(fields),
        log: log(fields),
        promise: field<Ballot>(fields, "promise", noBallot),
        durableChosenThrough: field(fields, "chosenThrough", 0),
        learner: { appliedThrough: 0, checksumSlot: 0, checksum: 0 },
        ownedSinceMs: field(fields, "ownedSinceMs", 0),
        restarted: field(fields, "restarted", false),
        incarnation: field(fields, "incarnation", 0),
        chunkBytesMax: field(fields, "chunkBytesMax", 1_000),
      }),
  },
  proposer: {
    logic: proposerActor,
    fill: fillMessage,
    memory: (fields: Fields) => {
      const own = log(fields);
      const proposer = new Proposer({
        self: self(fields),
        configuration: configuration(fields),
        log: own,
        acceptor: { promise: field<Ballot>(fields, "promise", noBallot) },
        random: () => 0,
        noOp: new Uint8Array(0),
      });
      return reading(own, proposer);
    },
  },
  learner: {
    logic: learnerActor,
    fill: fillMessage,
    memory: (fields: Fields) => {
      const own = log(fields);
      const learner = new Learner({
        self: self(fields),
        configuration: configuration(fields),
        log: own,
        checkpointThrough: field(fields, "checkpointThrough", 0),
      });
      return reading(own, learner);
    },
  },
  checkpointer: {
    logic: checkpointerActor,
    memory: (fields: Fields) =>
      new Checkpointer({
        checkpointThrough: field(fields, "checkpointThrough", 0),
        tableBytesMax: 1_000,
        intervalMs: 60_000,
        startedMs: 0,
      }),
  },
  birth: {
    logic: birthActor,
    fill: (event: string): Fields =>
      event === "birthAnswer"
        ? { birth: undefined, complete: false, objection: undefined }
        : event === "birthOffer"
          ? { complete: false }
          : {},
    memory: (fields: Fields) => {
      const held = field<"none" | "held" | "complete">(fields, "stored", "none");
      let identifier = 899;
      return new Midwife({
        self: self(fields),
        plan: plan(fields),
        stored:
          held === "none"
            ? undefined
            : { birth: sampleBirth(fields), complete: held === "complete" },
        clusterId: undefined,
        identifier: () => (identifier += 1),
        startedMs: 0,
      });
    },
  },
  node: {
    logic: nodeActor,
    memory: (fields: Fields) =>
      new NodeLife({
        self: self(fields),
        start: { member: 1, incarnation: 3, start: 77, earlier: [76] },
        groups: ["meta", "g1"],
        peers: ["n2", "n3"],
        metStart: (member): Start | undefined =>
          member === 2 ? { member: 2, incarnation: 5, start: 55 } : undefined,
      }),
  },
  "region-manager": {
    logic: regionManagerActor,
    memory: (fields: Fields) =>
      new RegionManager({
        self: self(fields),
        clusterId: () => "c1",
        nodes: ["n1", "n2"],
        physicalMs: (nowMs) => nowMs,
        startedMs: 0,
      }),
  },
} satisfies Record<string, Role>;

export type RoleName = keyof typeof roles;
