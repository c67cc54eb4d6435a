/**
 * Who wants to hear of changes: groups whose feed is wanted, and keys whose watch subjects are. Every node keeps what it
 * heard for a while, whether it leads or not, so that a new leader goes on where the old one ended. What nobody asks for
 * again is forgotten.
 */
import type { Clock } from "../../infra/clock/clock.ts";
import { subjectMatches } from "../../infra/transport/subject.ts";

/** How long a feed is published behind a request for it. */
export const feedInterestMs = 30_000;
/** How long watch subjects are published behind a request for them. */
export const keyInterestMs = 60_000;
/** Every change is held against every one of them. */
const wildcardsPerBucketMax = 100;
/** Of all buckets together: they come from outside and are kept in memory. */
const patternsMax = 4096;

const allKeys = ">";

/** What is wanted of one bucket, each until a moment of the monotonic clock. */
interface BucketInterest {
  allUntilMs: number;
  readonly keys: Map<string, number>;
  readonly wildcards: Map<string, number>;
}

export class Interests {
  readonly #clock: Clock;
  readonly #feeds = new Map<string, number>();
  readonly #buckets = new Map<string, BucketInterest>();
  #patterns = 0;
  /** Behind it no watch subject is wanted. */
  #keysUntilMs = -Infinity;

  /** Watch subjects of the buckets named here are always wanted. */
  constructor(clock: Clock, alwaysWanted: readonly string[]) {
    this.#clock = clock;
    for (const bucket of alwaysWanted) this.#bucket(bucket).allUntilMs = Infinity;
    if (alwaysWanted.length > 0) this.#keysUntilMs = Infinity;
  }

  wantFeed(group: string): void {
    this.#feeds.set(group, this.#clock.monotonicMs() + feedInterestMs);
  }

  /** How much longer the group's feed is wanted; 0 when it is not. */
  feedMs(group: string): number {
    const untilMs = this.#feeds.get(group);
    if (untilMs === undefined) return 0;
    return Math.max(0, Math.floor(untilMs - this.#clock.monotonicMs()));
  }

  /** The pattern may have wildcards of NATS. False, wanting nothing more, when too much is wanted already. */
  wantKeys(bucket: string, pattern: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const isWildcard = pattern.includes("*") || pattern.includes(">");
    if (pattern !== allKeys && !this.#hasRoom(bucket, pattern, isWildcard, nowMs)) return false;
    if (pattern === allKeys && !this.#buckets.has(bucket) && this.#isFull(nowMs)) return false;
    const interest = this.#bucket(bucket);
    const untilMs = nowMs + keyInterestMs;
    this.#keysUntilMs = Math.max(this.#keysUntilMs, untilMs);
    if (pattern === allKeys) interest.allUntilMs = Math.max(interest.allUntilMs, untilMs);
    else this.#remember(isWildcard ? interest.wildcards : interest.keys, pattern, untilMs);
    return true;
  }

  /** Whether any watch subject is wanted. */
  get keysWanted(): boolean {
    return this.#keysUntilMs > this.#clock.monotonicMs();
  }

  /** What is wanted at this moment, to hold many keys against. */
  wantedKeys(): (bucket: string, key: string) => boolean {
    const nowMs = this.#clock.monotonicMs();
    return (bucket, key) => {
      const interest = this.#buckets.get(bucket);
      if (interest === undefined) return false;
      if (interest.allUntilMs > nowMs || (interest.keys.get(key) ?? 0) > nowMs) return true;
      for (const [pattern, untilMs] of interest.wildcards) {
        if (untilMs > nowMs && subjectMatches(pattern, key)) return true;
      }
      return false;
    };
  }

  #bucket(name: string): BucketInterest {
    let interest = this.#buckets.get(name);
    if (interest === undefined) {
      interest = { allUntilMs: -Infinity, keys: new Map(), wildcards: new Map() };
      this.#buckets.set(name, interest);
    }
    return interest;
  }

  #remember(patterns: Map<string, number>, pattern: string, untilMs: number): void {
    if (!patterns.has(pattern)) this.#patterns += 1;
    patterns.set(pattern, untilMs);
  }

  #hasRoom(bucket: string, pattern: string, isWildcard: boolean, nowMs: number): boolean {
    const interest = this.#buckets.get(bucket);
    const known = isWildcard ? interest?.wildcards : interest?.keys;
    if (known?.has(pattern) === true) return true;
    const crowded = isWildcard && (known?.size ?? 0) >= wildcardsPerBucketMax;
    if (!crowded) return !this.#isFull(nowMs);
    this.#forgetPast(nowMs);
    return (this.#buckets.get(bucket)?.wildcards.size ?? 0) < wildcardsPerBucketMax;
  }

  #isFull(nowMs: number): boolean {
    if (this.#patterns + this.#buckets.size < patternsMax) return false;
    this.#forgetPast(nowMs);
    return this.#patterns + this.#buckets.size >= patternsMax;
  }

  #forgetPast(nowMs: number): void {
    this.#patterns = 0;
    for (const [name, { allUntilMs, keys, wildcards }] of this.#buckets) {
      for (const patterns of [keys, wildcards]) {
        for (const [pattern, untilMs] of patterns) if (untilMs <= nowMs) patterns.delete(pattern);
      }
      this.#patterns += keys.size + wildcards.size;
      if (allUntilMs <= nowMs && keys.size + wildcards.size === 0) this.#buckets.delete(name);
    }
  }
}
