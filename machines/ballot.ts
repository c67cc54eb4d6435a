/** Ballots order all attempts to lead one store group. */
import type { Flavor } from "./flavor.ts";

/** Random, made with a store and never reused: an emptied store comes back as another member. */
export type MemberId = Flavor<number, "MemberId">;

/** A position in a store group's log, from 1. 0 stands for "before the first". */
export type Slot = Flavor<number, "Slot">;

export type Round = Flavor<number, "Round">;

/**
 * Totally ordered by (epoch, round, member) and never reused: a member prepares a round once, above every
 * round it ever made durable (Paxos Made Simple 2.2, 2.5).
 */
export interface Ballot {
  readonly epoch: number;
  readonly round: Round;
  readonly member: MemberId;
}

/** Below every ballot that is ever prepared. */
export const noBallot: Ballot = { epoch: 0, round: 0, member: 0 };

/** Negative, zero or positive as `left` is below, equal to or above `right`. */
export function compareBallots(left: Ballot, right: Ballot): number {
  return left.epoch - right.epoch || left.round - right.round || left.member - right.member;
}

export function sameBallot(left: Ballot, right: Ballot): boolean {
  return left.round === right.round && left.member === right.member && left.epoch === right.epoch;
}

/** `epoch.round@member`, the member in hexadecimal: how traces and the status page write a ballot. */
export function ballotText(ballot: Ballot): string {
  return `${ballot.epoch}.${ballot.round}@${ballot.member.toString(16)}`;
}
