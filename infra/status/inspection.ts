/**
 * What nodes tell of their actors to whoever looks, as it travels: JSON. Nothing of what users stored is in it, neither
 * keys nor values nor session ids: only counts and sizes.
 */

/** What made the actor what it is, so that a picture of its chart can show it. */
export interface TakenTransition {
  /** The state it belongs to; "" for those of the chart itself, which hold in every state. */
  readonly source: string;
  /** "" for one that needs no event. */
  readonly event: string;
  /** Position among the source's transitions of that event. */
  readonly index: number;
}

export type ActorStatus = "active" | "stopped" | "failed";

/** Why an actor handles nothing any more. */
export interface ActorFailure {
  readonly code: string;
  readonly text: string;
}

export interface InspectedActor {
  /** `n1/node`, `n1/g1/acceptor`. */
  readonly id: string;
  /** The id of its chart. */
  readonly machine: string;
  readonly state: string;
  readonly status: ActorStatus;
  readonly failure?: ActorFailure;
  readonly contextSummary: Readonly<Record<string, unknown>>;
}

/** A chart as it is written, without the functions in it. */
export type ChartDefinition = Readonly<Record<string, unknown>>;

/** What every message of a node begins with. */
export interface InspectionHead {
  readonly node: string;
  /** Differs from one start of the node to the next. */
  readonly start: number;
  /** Of the last message of this start; a gap means that something was lost. */
  readonly sequence: number;
}

/** The answer to `inspect`, in one or more parts; parts of one answer have one `sequence`. */
export interface InspectionAnswer extends InspectionHead {
  /** From 1. */
  readonly part: number;
  readonly parts: number;
  readonly actors: readonly InspectedActor[];
  /** By chart id, each in the part where the first of its actors is; only if they were asked for. */
  readonly machines?: Readonly<Record<string, ChartDefinition>>;
}

/** An actor handled one or more events. */
export interface InspectionEvent extends InspectionHead {
  /** Unix milliseconds by the node's clock. */
  readonly atMs: number;
  readonly actor: string;
  readonly machine: string;
  readonly status: ActorStatus;
  readonly failure?: ActorFailure;
  /** The last event, or of several the last that changed the state. */
  readonly event: Readonly<Record<string, unknown>> & { readonly type: string };
  /** "" when the actor has just been started. */
  readonly from: string;
  readonly to: string;
  /** States in between, oldest first; a long way is cut at its beginning. */
  readonly passed: readonly string[];
  /** Taken by `event`. */
  readonly transitions: readonly TakenTransition[];
  /** Events handled since the last message and not shown. */
  readonly skipped: number;
  readonly memory: Readonly<Record<string, unknown>>;
}

/** Says that the node is there while nothing else happens. */
export type InspectionPulse = InspectionHead;

/** How long a node goes on telling after it was asked. */
export const inspectionLeaseMs = 10_000;

/** How often it says at least that it is there. */
export const inspectionPulseMs = 500;
