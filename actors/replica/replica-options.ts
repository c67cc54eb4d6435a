/** What a replica is made from, and whom it tells. */
import type { PeerMessage } from "../../infra/codec/peer-codec.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import type { StopReason } from "../../infra/status/stop-reason.ts";
import type { ReplicaState } from "../../kv/replica-state.ts";
import type { Birth } from "../../machines/birth/birth-record.ts";
import type { Member } from "../../machines/configuration.ts";
import type { HostOptions } from "../actor.ts";
import type { Dispatcher } from "../dispatcher.ts";
import type { ChangeFeedPorts } from "../feed/change-feed.ts";
import type { Deliver } from "./frame-replies.ts";
import type { ReplicaLimits } from "./limits.ts";

export interface ReplicaOptions {
  readonly self: Member;
  readonly birth: Birth;
  /** The store took part in the group before this start: it may still owe somebody a lease. */
  readonly restarted: boolean;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly dispatcher: Dispatcher;
  readonly made: Required<HostOptions>["made"];
  readonly logStore: LogStore;
  readonly stateStore: GroupStateStore;
  /** No other process has had the stores open since then, by `clock`: what one has granted, it granted earlier. */
  readonly ownedSinceMs: number;
  readonly limits: ReplicaLimits;
  readonly deliver: Deliver;
  /** Where changes are told to those who want to hear them. */
  readonly changes: ChangeFeedPorts;
  /** `isUrgent`: it leaves before anything else of this turn is done. */
  readonly send: (to: string, message: PeerMessage, isUrgent?: boolean) => void;
  readonly broadcast: (message: PeerMessage) => void;
  readonly report: (what: string, details: Record<string, unknown>) => void;
  /** An entry was applied, and nothing else has happened since. It must not change anything. */
  readonly entryApplied?: ((state: ReplicaState) => void) | undefined;
  /** Applied state is at hand, or it is known that it cannot be. */
  readonly settled: () => void;
  readonly leaderChanged: () => void;
  /** It begins to campaign, or to lead. */
  readonly mayLead: () => void;
  /** What a drain waits for is done. */
  readonly drained: () => void;
  readonly stopped: (reason: StopReason) => void;
  readonly storageFailed: (failure: Error) => void;
}
