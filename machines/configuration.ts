/** Who votes in an epoch of a store group, and with how many of them. */
import type { MemberId } from "./ballot.ts";
import { invariant } from "./invariant.ts";

export interface Member {
  readonly node: string;
  readonly member: MemberId;
}

/** Changes only by reconfiguration, as a whole; every rule that counts votes counts members of one epoch. */
export interface Configuration {
  readonly epoch: number;
  /** In order of preference for leading: the first is the preferred leader. */
  readonly members: readonly Member[];
  readonly phase1: number;
  readonly phase2: number;
  readonly leaseMs: number;
  /** Largest relative difference between two members' clock speeds that leases tolerate. */
  readonly driftRatio: number;
}

export interface Quorums {
  readonly phase1: number;
  readonly phase2: number;
  /** Lease and read rounds: meets every phase 1 quorum, so that no new ballot passes it unseen. */
  readonly lease: number;
  readonly preVote: number;
}

/** Flexible quorums (arXiv:1608.06696): any phase 1 quorum meets any phase 2 quorum. */
export function quorumsOf(configuration: Configuration): Quorums {
  const { members, phase1, phase2 } = configuration;
  invariant(
    phase1 >= 1 && phase2 >= 1 && phase1 <= members.length && phase2 <= members.length,
    "a quorum has between one and all members",
    { phase1, phase2, members: members.length },
  );
  invariant(phase1 + phase2 > members.length, "phase 1 and phase 2 quorums meet", {
    phase1,
    phase2,
    members: members.length,
  });
  return {
    phase1,
    phase2,
    lease: members.length - phase1 + 1,
    preVote: Math.max(phase1, phase2),
  };
}

/** Position of a member in its epoch, or -1: strangers and learners do not vote. */
export function memberIndex(configuration: Configuration, member: MemberId): number {
  return configuration.members.findIndex((candidate) => candidate.member === member);
}

export function nodeOf(configuration: Configuration, member: MemberId): string | undefined {
  return configuration.members.find((candidate) => candidate.member === member)?.node;
}
