/**
 * Messages between nodes as msgpack arrays: an envelope of nine elements, then the body by position. The format
 * number comes first, so that another version is recognised before anything else is read.
 *
 *   [format, type, cluster, group, epoch, member, incarnation, start, body]
 *
 * `cluster` is the cluster's id once the group is born, and its name before (births and introductions).
 */
import { Packr } from "msgpackr";
import type { Ballot } from "../../machines/ballot.ts";
import type { BirthMessage } from "../../machines/birth/birth-messages.ts";
import type { ReplicaMessage } from "../../machines/messages.ts";
import type { NodeMessage } from "../../machines/node/node-messages.ts";
import { earlierStartsMax } from "../../machines/node/start.ts";
import type { RegionManagerMessage } from "../../machines/region-manager/region-manager-messages.ts";
import type { LogRecord } from "../../machines/record.ts";
import { birthElements, readBirth, readRegions, regionElements } from "./birth-codec.ts";
import { MalformedMessage, positionalOf, type Positional } from "./positional.ts";

/** A client's frame on its way to the leader, with the client's reply subject. Forwarded once, never again. */
export interface Forward {
  readonly type: "forward";
  /** Counts what the sender forwarded since its start, so that a copy is told from another frame. */
  readonly forwardNumber: number;
  readonly frame: Uint8Array;
  readonly reply: string;
}

export type PeerMessage =
  ReplicaMessage | BirthMessage | NodeMessage | RegionManagerMessage | Forward;

/** What every message says about its sender, whose node name is in the subject. */
export interface Envelope {
  readonly cluster: string;
  /** Empty for messages between nodes as a whole. */
  readonly group: string;
  /** Epoch of the sender's configuration; 0 before the group is born. */
  readonly epoch: number;
  readonly member: number;
  readonly incarnation: number;
  readonly start: number;
}

export interface PeerPacket {
  readonly envelope: Envelope;
  readonly message: PeerMessage;
}

/** A message of another format version; both are named. */
export class OtherFormat extends Error {
  override readonly name = "OtherFormat";
  readonly format: number;

  constructor(format: number) {
    super(`peer message of format ${format}; this version speaks ${peerFormat}`);
    this.format = format;
  }
}

export const peerFormat = 1;
/** Every other format is counted by its number, so there must not be any number of them. */
const formatMax = 255;

type TypeName = PeerMessage["type"];
type MessageOf<Name extends TypeName> = Extract<PeerMessage, { readonly type: Name }>;

interface Body<Name extends TypeName> {
  readonly code: number;
  write(message: MessageOf<Name>): unknown[];
  read(fields: Positional): MessageOf<Name>;
}

const recordsMax = 65_536;
const slotsMax = 65_536;

function ballotElements({ epoch, round, member }: Ballot): unknown[] {
  return [epoch, round, member];
}

function optionalBallot(ballot: Ballot | undefined): unknown[] | null {
  return ballot === undefined ? null : ballotElements(ballot);
}

function readRecord(fields: Positional): LogRecord {
  const slot = fields.natural();
  const ballot = fields.ballot();
  return { epoch: ballot.epoch, slot, ballot, entry: fields.bytes() };
}

const bodies: { readonly [Name in TypeName]: Body<Name> } = {
  preVote: {
    code: 1,
    write: ({ attempt, watermark, ended }) => [attempt, watermark, optionalBallot(ended)],
    read: (fields) => ({
      type: "preVote",
      attempt: fields.natural(),
      watermark: fields.natural(),
      ended: fields.optionalBallot(),
    }),
  },
  preVoted: {
    code: 2,
    write: (m) => [m.attempt, m.granted, m.highestRound, m.chosenThrough, m.compactedThrough],
    read: (fields) => ({
      type: "preVoted",
      attempt: fields.natural(),
      granted: fields.truth(),
      highestRound: fields.natural(),
      chosenThrough: fields.natural(),
      compactedThrough: fields.natural(),
    }),
  },
  prepare: {
    code: 3,
    write: ({ ballot, fromSlot, ended }) => [
      ballotElements(ballot),
      fromSlot,
      optionalBallot(ended),
    ],
    read: (fields) => ({
      type: "prepare",
      ballot: fields.ballot(),
      fromSlot: fields.natural(),
      ended: fields.optionalBallot(),
    }),
  },
  promised: {
    code: 4,
    write: (m) => [
      ballotElements(m.ballot),
      m.cut,
      m.chunk,
      m.chunks,
      m.fromSlot,
      m.compactedThrough,
      m.chosenThrough,
      m.records.map(({ slot, ballot, entry }) => [slot, ballotElements(ballot), entry]),
    ],
    read: (fields) => ({
      type: "promised",
      ballot: fields.ballot(),
      cut: fields.natural(),
      chunk: fields.natural(),
      chunks: fields.natural(),
      fromSlot: fields.natural(),
      compactedThrough: fields.natural(),
      chosenThrough: fields.natural(),
      records: fields.list(recordsMax, readRecord),
    }),
  },
  rejected: {
    code: 5,
    write: ({ ballot, promised, leaseRemainingMs }) => [
      ballotElements(ballot),
      ballotElements(promised),
      leaseRemainingMs,
    ],
    read: (fields) => ({
      type: "rejected",
      ballot: fields.ballot(),
      promised: fields.ballot(),
      leaseRemainingMs: fields.finite(),
    }),
  },
  accept: {
    code: 6,
    write: ({ ballot, slot, commitIndex, entry }) => [
      ballotElements(ballot),
      slot,
      commitIndex,
      entry,
    ],
    read: (fields) => ({
      type: "accept",
      ballot: fields.ballot(),
      slot: fields.natural(),
      commitIndex: fields.natural(),
      entry: fields.bytes(),
    }),
  },
  accepted: {
    code: 7,
    write: ({ ballot, slots, chosenThrough }) => [ballotElements(ballot), slots, chosenThrough],
    read: (fields) => ({
      type: "accepted",
      ballot: fields.ballot(),
      slots: fields.naturals(slotsMax),
      chosenThrough: fields.natural(),
    }),
  },
  heartbeat: {
    code: 8,
    write: (m) => [
      ballotElements(m.ballot),
      m.beat,
      m.commitIndex,
      m.trimThrough,
      m.asOfMs,
      m.checksumSlot,
      m.checksum,
    ],
    read: (fields) => ({
      type: "heartbeat",
      ballot: fields.ballot(),
      beat: fields.natural(),
      commitIndex: fields.natural(),
      trimThrough: fields.natural(),
      asOfMs: fields.natural(),
      checksumSlot: fields.natural(),
      checksum: fields.natural(),
    }),
  },
  heartbeatAcked: {
    code: 9,
    write: (m) => [
      ballotElements(m.ballot),
      m.beat,
      m.memberWallMs,
      m.chosenThrough,
      m.appliedThrough,
      m.checkpointThrough,
      m.checksumSlot,
      m.checksum,
    ],
    read: (fields) => ({
      type: "heartbeatAcked",
      ballot: fields.ballot(),
      beat: fields.natural(),
      memberWallMs: fields.finite(),
      chosenThrough: fields.natural(),
      appliedThrough: fields.natural(),
      checkpointThrough: fields.natural(),
      checksumSlot: fields.natural(),
      checksum: fields.natural(),
    }),
  },
  learnRequest: {
    code: 10,
    write: (m) => [m.fromSlot, m.throughSlot, m.ballots.map((ballot) => [optionalBallot(ballot)])],
    read: (fields) => ({
      type: "learnRequest",
      fromSlot: fields.natural(),
      throughSlot: fields.natural(),
      ballots: fields.list(slotsMax, (element) => element.optionalBallot()),
    }),
  },
  learned: {
    code: 11,
    write: (m) => [
      m.slots.map(({ slot, ballot, entry }) => [slot, ballotElements(ballot), entry ?? null]),
      m.chosenThrough,
      m.compactedThrough,
    ],
    read: (fields) => ({
      type: "learned",
      slots: fields.list(slotsMax, (element) => ({
        slot: element.natural(),
        ballot: element.ballot(),
        entry: element.optionalBytes(),
      })),
      chosenThrough: fields.natural(),
      compactedThrough: fields.natural(),
    }),
  },
  handOver: {
    code: 12,
    write: ({ ballot, commitIndex }) => [ballotElements(ballot), commitIndex],
    read: (fields) => ({
      type: "handOver",
      ballot: fields.ballot(),
      commitIndex: fields.natural(),
    }),
  },
  birthAsk: { code: 20, write: () => [], read: () => ({ type: "birthAsk" }) },
  birthAnswer: {
    code: 21,
    write: (m) => [
      m.member,
      m.birth === undefined ? [] : [birthElements(m.birth)],
      m.complete,
      m.objection ?? null,
    ],
    read: (fields) => {
      const member = fields.natural();
      const birth = fields.nested();
      return {
        type: "birthAnswer",
        member,
        birth: birth.rest === 0 ? undefined : readBirth(birth.nested()),
        complete: fields.truth(),
        objection: fields.optionalText(),
      };
    },
  },
  birthOffer: {
    code: 22,
    write: ({ birth, complete }) => [birthElements(birth), complete],
    read: (fields) => ({
      type: "birthOffer",
      birth: readBirth(fields.nested()),
      complete: fields.truth(),
    }),
  },
  birthHeld: {
    code: 23,
    write: ({ id }) => [id],
    read: (fields) => ({ type: "birthHeld", id: fields.natural() }),
  },
  hello: {
    code: 30,
    write: ({ earlier }) => [earlier],
    read: (fields) => ({
      type: "hello",
      earlier: fields.naturals(earlierStartsMax),
    }),
  },
  helloAnswer: {
    code: 31,
    write: ({ member, incarnation, start }) => [member, incarnation, start],
    read: (fields) => ({
      type: "helloAnswer",
      member: fields.natural(),
      incarnation: fields.natural(),
      start: fields.natural(),
    }),
  },
  nodeReport: {
    code: 40,
    write: ({ leaders, status }) => [leaders.map(({ group, node }) => [group, node]), status],
    read: (fields) => ({
      type: "nodeReport",
      leaders: fields.list(1024, (leader) => ({ group: leader.text(), node: leader.text() })),
      status: fields.plainObject(),
    }),
  },
  routing: {
    code: 41,
    write: ({ table }) => [
      table.clusterId,
      table.version,
      regionElements(table.regions),
      table.groups.map(({ group, nodes, leader }) => [group, nodes, leader ?? null]),
      table.physicalMs,
    ],
    read: (fields) => ({
      type: "routing",
      table: {
        clusterId: fields.text(),
        version: fields.natural(),
        regions: readRegions(fields),
        groups: fields.list(1024, (route) => ({
          group: route.text(),
          nodes: route.texts(64),
          leader: route.optionalText(),
        })),
        physicalMs: fields.natural(),
      },
    }),
  },
  forward: {
    code: 50,
    write: ({ forwardNumber, frame, reply }) => [forwardNumber, frame, reply],
    read: (fields) => ({
      type: "forward",
      forwardNumber: fields.natural(),
      frame: fields.bytes(),
      reply: fields.text(),
    }),
  },
};

const byCode = new Map<number, Body<TypeName>>(
  Object.values(bodies).map((body) => [body.code, body as unknown as Body<TypeName>]),
);

const packr = new Packr({ useRecords: false, moreTypes: false });

/** The bytes are the caller's to keep until the end of the turn; they are copied by whoever keeps them longer. */
export function encodePeerMessage(envelope: Envelope, message: PeerMessage): Uint8Array {
  const body = bodies[message.type] as unknown as Body<TypeName>;
  return packr.pack([
    peerFormat,
    body.code,
    envelope.cluster,
    envelope.group,
    envelope.epoch,
    envelope.member,
    envelope.incarnation,
    envelope.start,
    body.write(message),
  ]);
}

/** Throws `OtherFormat` or `MalformedMessage`, and nothing else. */
export function decodePeerMessage(payload: Uint8Array): PeerPacket {
  const fields = positionalOf(payload);
  const format = fields.natural();
  if (format > formatMax) throw new MalformedMessage(`no format has the number ${format}`);
  if (format !== peerFormat) throw new OtherFormat(format);
  const code = fields.natural();
  const envelope: Envelope = {
    cluster: fields.text(),
    group: fields.text(),
    epoch: fields.natural(),
    member: fields.natural(),
    incarnation: fields.natural(),
    start: fields.natural(),
  };
  const body = byCode.get(code);
  if (body === undefined) throw new MalformedMessage(`no message has type ${code}`);
  return { envelope, message: body.read(fields.nested()) };
}
