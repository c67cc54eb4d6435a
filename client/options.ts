/** What a caller may say about one call, and how it is checked. */
import { SynodError } from "../infra/errors/synod-error.ts";
import { ttlMsMax } from "../kv/limits.ts";
import type { Revision } from "../kv/revision.ts";
import { linearizable, quorum, stale, type Freshness } from "./core/freshness.ts";

/** Every call takes these. */
export interface CallOptions {
  /**
   * How long to wait for the outcome, all repetitions included, in milliseconds. The client's `timeoutMs` unless given.
   * Fails with `TimeoutError`, or with the error that kept it from being carried out.
   */
  readonly timeoutMs?: number;
  /** Stops waiting: the call fails with `AbortedError`, whose `outcome` says whether it may have been executed. */
  readonly signal?: AbortSignal;
}

/**
 * How fresh a read is.
 *
 * - `linearizable`: it sees every write that was acknowledged before it was issued. Answered by the group's leader.
 * - `quorum`: the same promise without relying on clocks: the leader asks a majority before it answers.
 * - `stale`: what some replica has applied, answered by any of them at once, also while there is no majority. Never
 *   torn, never uncommitted, but possibly old, and two reads may go back in time: see `maxAgeMs` and `minRevision`.
 */
export type Consistency = "linearizable" | "quorum" | "stale";

/** Every read takes these. */
export interface ReadOptions extends CallOptions {
  /** `linearizable` unless given. */
  readonly consistency?: Consistency;
  /** With `stale` only: an answer that may be older is not given, in milliseconds; other replicas are asked instead. */
  readonly maxAgeMs?: number;
  /**
   * With `stale` only: the answering replica has applied at least this revision. The revision that one's own write
   * returned makes that write visible (for keys of one store group).
   */
  readonly minRevision?: Revision;
}

/** What `get` takes besides. */
export interface GetOptions extends ReadOptions {
  /**
   * The entry that was written at exactly this revision, instead of the newest one: null when another key was written
   * then, or history does not reach back so far (10 minutes unless configured). 0 = the newest.
   */
  readonly revision?: Revision;
}

/** `create`, `update` and `put` take these. */
export interface WriteOptions extends CallOptions {
  /** The key is removed this many milliseconds after the write; at most ten years. Kept unless given. */
  readonly ttlMs?: number;
}

/** What `put` takes besides. */
export interface PutOptions extends WriteOptions {
  /** Write only if the key still has this revision; 0 = only if there is no such key. Otherwise `ConflictError`. */
  readonly previousRevision?: Revision;
  /** The same as `previousRevision`, by its name in `@nats-io/kv`. */
  readonly previousSeq?: Revision;
  /** The same as `timeoutMs`, by its name in `@nats-io/kv`. */
  readonly timeout?: number;
}

/** `putMany` takes these. */
export interface PutManyOptions extends CallOptions {
  /** As with `PutOptions`, for every key. */
  readonly ttlMs?: number;
}

/** `delete` and `remove` take these. */
export interface DeleteOptions extends CallOptions {
  /** Delete only if the key still has this revision. Otherwise `ConflictError`. Not for patterns. */
  readonly previousRevision?: Revision;
  /** The same as `previousRevision`, by its name in `@nats-io/kv`. */
  readonly previousSeq?: Revision;
}

/** `purge` takes these. */
export interface PurgeOptions extends DeleteOptions {
  /**
   * For programs written for `@nats-io/kv`: how long the marker is to stay, such as `10s` or `5m`. Checked, and otherwise
   * without effect: a marker stays as long as history is kept, then it goes by itself.
   */
  readonly ttl?: string;
}

export const noOptions = {};

/** All options of one kind of call: a missing or a wrong name does not compile. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

const call: OptionNames<CallOptions> = { timeoutMs: true, signal: true };
const read: OptionNames<ReadOptions> = {
  ...call,
  consistency: true,
  maxAgeMs: true,
  minRevision: true,
};
const get: OptionNames<GetOptions> = { ...read, revision: true };
const write: OptionNames<WriteOptions> = { ...call, ttlMs: true };
const put: OptionNames<PutOptions> = {
  ...write,
  previousRevision: true,
  previousSeq: true,
  timeout: true,
};
const remove: OptionNames<DeleteOptions> = { ...call, previousRevision: true, previousSeq: true };
const purge: OptionNames<PurgeOptions> = { ...remove, ttl: true };

/** By what is called. */
export const optionNames = { call, read, get, write, put, remove, purge } as const;

/**
 * An option under another name would be left out without a word: a key that should expire would stay. What stands there
 * as undefined is not given.
 */
export function requireOptions(options: object, names?: Readonly<Record<string, true>>): void {
  if (typeof options !== "object" || options === null) throw badRequest("options is no object");
  if (names === undefined) return;
  for (const name in options) {
    if (Object.hasOwn(names, name) || options[name as keyof typeof options] === undefined) continue;
    throw badRequest(`there is no option ${name}: there are ${Object.keys(names).join(", ")}`);
  }
}

export function freshnessOf({ consistency, maxAgeMs, minRevision }: ReadOptions): Freshness {
  if (consistency === "stale") {
    const revision = minRevision === undefined ? 0 : wholeNumber("minRevision", minRevision, 0);
    return stale(revision, maxAgeMs === undefined ? 0 : wholeNumber("maxAgeMs", maxAgeMs, 1));
  }
  if (maxAgeMs !== undefined || minRevision !== undefined) {
    throw badRequest("maxAgeMs and minRevision are for stale reads only");
  }
  if (consistency === undefined || consistency === "linearizable") return linearizable;
  if (consistency === "quorum") return quorum;
  throw badRequest(`consistency ${String(consistency)} is not linearizable, quorum or stale`);
}

/** 0 = no expiry. */
export function ttlMsOf(ttlMs: number | undefined): number {
  if (ttlMs === undefined) return 0;
  if (wholeNumber("ttlMs", ttlMs, 1) > ttlMsMax) {
    throw badRequest(`ttlMs ${ttlMs} is longer than ten years`);
  }
  return ttlMs;
}

/** Throws `BAD_REQUEST` when both are given and differ. Undefined counts as not given. */
export function previousRevisionOf({
  previousRevision,
  previousSeq,
}: DeleteOptions): Revision | undefined {
  if (previousRevision === undefined || previousSeq === undefined) {
    return previousRevision ?? previousSeq;
  }
  if (previousRevision === previousSeq) return previousRevision;
  throw badRequest("previousRevision and previousSeq mean the same, and differ");
}

/** What is the same for all calls. */
export function callOptionsOf(options: PutOptions): CallOptions {
  const { timeout, timeoutMs } = options;
  if (timeout === undefined) return options;
  if (timeoutMs !== undefined && timeoutMs !== timeout) {
    throw badRequest("timeout and timeoutMs mean the same, and differ");
  }
  return { ...options, timeoutMs: timeout };
}

export function timeoutMsOf(timeoutMs: number): number {
  if (typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs < Infinity) return timeoutMs;
  throw badRequest(`timeoutMs ${String(timeoutMs)} is no number of milliseconds above 0`);
}

export function wholeNumber(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw badRequest(`${name} ${String(value)} is no whole number from ${least} up`);
}

export function badRequest(message: string): SynodError {
  return new SynodError("BAD_REQUEST", message);
}
