/**
 * How a store group comes to be. Until a group is born, its stores understand nothing else.
 *
 *   initiator                    members
 *      | birthAsk ----------------> |
 *      | <------------- birthAnswer |   (all member ids: make the birth, store it)
 *      | birthOffer --------------> |   store it
 *      | <--------------- birthHeld |   (all hold it: complete, store that)
 *      | birthOffer (complete) ---> |   store that
 */
import type { MemberId } from "../ballot.ts";
import type { Birth } from "./birth-record.ts";

export interface BirthAsk {
  readonly type: "birthAsk";
}

/** Says whose store this is and which birth it holds; passed on by whoever knows it. */
export interface BirthAnswer {
  readonly type: "birthAnswer";
  readonly member: MemberId;
  readonly birth: Birth | undefined;
  readonly complete: boolean;
  /** Why an offered birth was not stored. */
  readonly objection: string | undefined;
}

export interface BirthOffer {
  readonly type: "birthOffer";
  readonly birth: Birth;
  readonly complete: boolean;
}

export interface BirthHeld {
  readonly type: "birthHeld";
  readonly id: number;
}

export type BirthMessage = BirthAsk | BirthAnswer | BirthOffer | BirthHeld;
