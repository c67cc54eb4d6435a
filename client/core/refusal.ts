/** What a refusal asks of whoever sent the frame. */
import type { ErrorCode } from "../../infra/errors/error-table.ts";

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

export type Reaction =
  /** Somebody else leads, or nobody does yet. */
  | "seek the leader"
  /** The same node takes it later. */
  | "slow down"
  | "ask another replica"
  /** The routing table has changed. */
  | "route anew"
  | "renew the session"
  /** Sending it again would be answered alike. */
  | "give up";

const reactions: { readonly [Code in ErrorCode]?: Reaction } = {
  NOT_LEADER: "seek the leader",
  LEADERSHIP_LOST: "seek the leader",
  NO_QUORUM: "seek the leader",
  UNAVAILABLE: "seek the leader",
  OVERLOADED: "slow down",
  CLOCK_TOO_FAR_AHEAD: "slow down",
  TOO_STALE: "ask another replica",
  WRONG_REGION: "route anew",
  SESSION_EXPIRED: "renew the session",
};

export function reactionTo(code: ErrorCode): Reaction {
  return reactions[code] ?? "give up";
}
