/** Messages between nodes of every type, to be encoded and compared. */
import type { Envelope, PeerMessage } from "../../../infra/codec/peer-codec.ts";
import type { Birth } from "../../../machines/birth/birth-record.ts";

export const envelope: Envelope = {
  cluster: "c1",
  group: "g1",
  epoch: 1,
  member: 2 ** 52 - 1,
  incarnation: 7,
  start: 2 ** 51 + 1,
};
export const ballot = { epoch: 1, round: 2 ** 40, member: 2 ** 52 - 3 };
export const entry = Buffer.from("an entry");

const birth: Birth = {
  id: 5,
  cluster: "demo",
  clusterId: "c1",
  group: "meta",
  configuration: {
    epoch: 1,
    members: [
      { node: "n1", member: 11 },
      { node: "n2", member: 12 },
    ],
    phase1: 2,
    phase2: 1,
    leaseMs: 600,
    driftRatio: 0.1,
  },
  regions: [
    { id: 1, version: 1, start: "", end: "default\0\xff", group: "g1" },
    { id: 2, version: 3, start: "default\0\xff", end: undefined, group: "g2" },
  ],
};

/** At least one of every type. */
export const messages: readonly PeerMessage[] = [
  { type: "preVote", attempt: 3, watermark: 9, ended: undefined },
  { type: "preVote", attempt: 3, watermark: 9, ended: ballot },
  {
    type: "preVoted",
    attempt: 3,
    granted: false,
    highestRound: 4,
    chosenThrough: 5,
    compactedThrough: 2,
  },
  { type: "prepare", ballot, fromSlot: 6, ended: ballot },
  {
    type: "promised",
    ballot,
    cut: 2,
    chunk: 1,
    chunks: 3,
    fromSlot: 4,
    compactedThrough: 1,
    chosenThrough: 3,
    records: [{ epoch: 1, slot: 4, ballot, entry }],
  },
  { type: "rejected", ballot, promised: ballot, leaseRemainingMs: 12.5 },
  { type: "accept", ballot, slot: 2 ** 45, commitIndex: 8, entry },
  { type: "accepted", ballot, slots: [1, 2, 2 ** 45], chosenThrough: 7 },
  {
    type: "heartbeat",
    ballot,
    beat: 9,
    commitIndex: 8,
    trimThrough: 3,
    asOfMs: 1_800_000_000_000,
    checksumSlot: 10_000,
    checksum: 4_294_967_295,
  },
  {
    type: "heartbeatAcked",
    ballot,
    beat: 9,
    memberWallMs: 1_800_000_000_000,
    chosenThrough: 8,
    appliedThrough: 7,
    checkpointThrough: 3,
    checksumSlot: 10_000,
    checksum: 17,
  },
  { type: "learnRequest", fromSlot: 3, throughSlot: 5, ballots: [ballot, undefined, ballot] },
  {
    type: "learned",
    slots: [
      { slot: 3, ballot, entry: undefined },
      { slot: 4, ballot, entry },
    ],
    chosenThrough: 9,
    compactedThrough: 2,
  },
  { type: "handOver", ballot, commitIndex: 8 },
  { type: "birthAsk" },
  { type: "birthAnswer", member: 4, birth: undefined, complete: false, objection: "it differs" },
  { type: "birthAnswer", member: 4, birth, complete: true, objection: undefined },
  { type: "birthOffer", birth, complete: false },
  { type: "birthHeld", id: 5 },
  { type: "hello", earlier: [] },
  { type: "hello", earlier: [7, 2 ** 52 - 1] },
  { type: "helloAnswer", member: 4, incarnation: 2, start: 99 },
  {
    type: "nodeReport",
    leaders: [{ group: "g1", node: "n1" }],
    status: { replicas: [{ group: "g1", role: "leader" }], connected: true },
  },
  {
    type: "routing",
    table: {
      clusterId: "c1",
      version: 3,
      regions: birth.regions,
      groups: [{ group: "g1", nodes: ["n1", "n2"], leader: undefined }],
      physicalMs: 1_800_000_000_000,
    },
  },
  { type: "forward", forwardNumber: 7, frame: Buffer.from("frame"), reply: "_INBOX.a.b" },
];
