/**
 * The part of a watch that one store group owns. It follows the group's feed as long as each message continues what it
 * had, and reads the difference from the store where one does not: so it depends on no message, no node and no
 * connection, and hands over every change once, in order of revisions.
 */
import { errorTable } from "../../infra/errors/error-table.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { changeOperation } from "../../kv/change.ts";
import type { KeyRange } from "../../kv/commands/operation.ts";
import { revisionsPerMs, type Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Place } from "../core/call.ts";
import { Selection } from "./selection.ts";
import { common } from "./key-ranges.ts";
import type { FeedEntry } from "./feed-entry.ts";
import type { FeedListener } from "./group-feed.ts";
import { HeldSteps, type Step } from "./held-steps.ts";
import type { KeyFilter } from "./key-filter.ts";
import type { WatchLimits } from "./limits.ts";
import {
  CurrentReading,
  HistoryReading,
  MomentReading,
  type Arrival,
  type Reading,
  type ReadingOwner,
  type Room,
} from "./reading.ts";
import type { SharedReads } from "./shared-reads.ts";
import { sortByRevision, withoutValue, type WatchedChange } from "./watched-change.ts";

/** Where a watch begins. */
export type Beginning =
  /** The newest value of every key, then what changes. */
  | { readonly kind: "current" }
  /** What changes from now on. */
  | { readonly kind: "now" }
  /** All versions that are kept, then what changes. */
  | { readonly kind: "history" }
  /** What changed since that revision. */
  | { readonly kind: "after"; readonly revision: Revision };

/** A range and where to go on in it. */
export interface Stretch {
  readonly range: KeyRange;
  readonly beginning: Beginning;
}

export interface StrandHost {
  readonly clock: Clock;
  readonly reads: SharedReads;
  readonly limits: WatchLimits;
  readonly filter: KeyFilter | undefined;
  readonly keysOnly: boolean;
  readonly tombstonesToo: boolean;
  readonly ignoreDeletes: boolean;
  readonly isConnected: boolean;
  /** The consumer is behind: nothing more is taken in for now. */
  readonly isFull: boolean;
  room(): Room;
  /** More was found than there was room for: it is read when there is room for a good part of it. */
  moreWaits(): void;
  /** Longer each time, never in step with others. */
  backoffMs(failures: number): number;
  push(strand: Strand, change: WatchedChange, through: Revision | undefined): void;
  /** A strand knows where it begins. */
  placed(): void;
  /** It has read, or could not. */
  advanced(): void;
  /** It has taken what the feed told. This is called for every message: it must cost next to nothing. */
  followed(): void;
  /** History since its position is gone. */
  lostTrack(strand: Strand, cause: SynodError): void;
  failed(failure: SynodError): void;
  /** Its keys may belong to another group now. */
  moved(strand: Strand): void;
}

/** Neither a revision nor a slot is known. */
const nowhere = -1;

export class Strand implements FeedListener, ReadingOwner {
  readonly group: string;
  readonly ranges: readonly KeyRange[];
  readonly #selection: Selection;
  readonly #host: StrandHost;
  readonly #beginning: Beginning;
  /** Every change up to it was handed over, and none above it. Never decreases. */
  #position: Revision = nowhere;
  /** Everything that entries up to this slot changed was handed over, or waits in `pending`. Never decreases. */
  #had = nowhere;
  /** Of entries that were had, what lies above their resolved revision; in order. */
  #pending: WatchedChange[] = [];
  /** The highest slot that is known to be missing. */
  #missed = nowhere;
  /** Something may be missing that no message has shown. */
  #doubts = true;
  /** Entries that do not continue what was had, while history is read. */
  readonly #held: HeldSteps;
  #reading: Reading | undefined;
  /** When the reading may go on after a failure; undefined while nothing has failed. */
  #resumeAtMs: number | undefined;
  /** The reading waits to be told to go on. */
  #mustAsk = false;
  #failures = 0;
  /** The store has answered: whatever is written from now on will be told. */
  #isPlaced = false;
  /** What it began with was handed over completely. */
  #hasBegun = false;
  /** In pieces: everything in front of this key, as of that revision. */
  #begunBefore: { readonly key: InternalKey; readonly asOf: Revision } | undefined;
  #ended = false;
  /** Changes of it that the consumer has not taken. */
  #queued = 0;
  /** The revision up to which the consumer has taken everything. */
  #taken: Revision | undefined;
  /** Once so many more are taken, what it began with has been taken, which is everything up to that revision. */
  #leftOfBeginning = 0;
  #beganAt: Revision = nowhere;

  /** The ranges, at least one, are in order and apart from each other. */
  constructor(host: StrandHost, group: string, ranges: readonly KeyRange[], beginning: Beginning) {
    this.#host = host;
    this.group = group;
    this.ranges = ranges;
    this.#selection = new Selection(ranges, host.filter);
    this.#beginning = beginning;
    this.#held = new HeldSteps(host.limits);
    if (beginning.kind === "after") {
      this.#position = beginning.revision;
      this.#taken = beginning.revision;
    }
  }

  /** Changes of it that the consumer has not taken. */
  get queued(): number {
    return this.#queued;
  }

  /** The consumer has taken the oldest; `through` as it was pushed. */
  took(through: Revision | undefined): void {
    this.#queued--;
    if (this.#leftOfBeginning === 0) this.#taken = through ?? this.#taken;
    else if (--this.#leftOfBeginning === 0) this.#taken = this.#beganAt;
  }

  get keysOnly(): boolean {
    return this.#host.keysOnly;
  }

  get tombstonesToo(): boolean {
    return this.#host.tombstonesToo;
  }

  /** What it began with has been handed over. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The store has answered: whatever is written from now on will be handed over. */
  get isPlaced(): boolean {
    return this.#isPlaced;
  }

  /** Undefined while none is known. */
  get position(): Revision | undefined {
    return this.#position === nowhere ? undefined : this.#position;
  }

  /** Nothing is known to be missing. */
  get isCaughtUp(): boolean {
    return !this.#needsHistory && this.#reading === undefined;
  }

  /** Where another watch would go on so that its consumer gets whatever this one's has not; undefined = not known yet. */
  get continuation(): Beginning | undefined {
    const isAllTaken = this.#queued === 0 && this.#hasBegun;
    const revision = isAllTaken ? this.position : this.#taken;
    if (revision !== undefined) return { kind: "after", revision };
    return this.#beginning.kind === "now" ? undefined : this.#beginning;
  }

  /** Where another strand would go on so that it hands over whatever this one has not. */
  get remainder(): readonly Stretch[] {
    const { ranges } = this;
    if (this.#hasBegun) return stretchesOf(ranges, { kind: "after", revision: this.#position });
    if (this.#begunBefore === undefined) return stretchesOf(ranges, this.#beginning);
    const { key, asOf } = this.#begunBefore;
    const done = ranges.flatMap((range) => common(range, { start: "", end: key }) ?? []);
    const left = ranges.flatMap((range) => common(range, { start: key, end: undefined }) ?? []);
    return [
      ...stretchesOf(done, { kind: "after", revision: asOf }),
      ...stretchesOf(left, this.#beginning),
    ];
  }

  begin(): void {
    this.#readOn();
  }

  /** Nothing more is handed over. */
  end(): void {
    this.#ended = true;
    this.#reading?.cancel();
    this.#held.clear();
    this.#pending = [];
  }

  tick(nowMs: number): void {
    if (this.#resumeAtMs !== undefined && nowMs >= this.#resumeAtMs) this.#readOn();
  }

  /** The consumer has made room. */
  roomAgain(): void {
    this.#readOn();
  }

  // What the feed says

  heard(entry: FeedEntry): void {
    const { slot, previousSlot, resolved } = entry;
    if (this.#ended || slot <= this.#had) return;
    const selected = entry.select(this.#selection);
    const changes = this.#host.ignoreDeletes ? selected.filter(isPut) : selected;
    this.#follow({ slot, previousSlot, resolved, changes });
  }

  doubt(): void {
    if (this.#ended) return;
    this.#doubts = true;
    this.#readOn();
  }

  #follow(step: Step): void {
    if (this.#continues(step)) {
      this.#take(step);
      this.#takeHeld();
    } else {
      this.#hold(step);
    }
    this.#readOn();
  }

  /** Nothing was changed between what was had and this. */
  #continues({ previousSlot }: Step): boolean {
    return this.#had !== nowhere && previousSlot <= this.#had;
  }

  #take(step: Step): void {
    const { slot, resolved, changes } = step;
    if (changes.length > 0) {
      const fresh = changes.filter(({ revision }) => revision > this.#position);
      if (fresh.length > 0 && this.#host.isFull) return this.#miss(step);
      for (const change of fresh) this.#pending.push(this.keysOnly ? withoutValue(change) : change);
    }
    this.#had = slot;
    this.#doubts = false;
    if (this.#pending.length > 0) this.#resolve(resolved);
    if (resolved > this.#position) this.#position = resolved;
    if (this.#pending.length > this.#host.limits.heldChangesMax) this.#forget();
    this.#host.followed();
  }

  /** Hands over what cannot be preceded by anything any more. */
  #resolve(resolved: Revision): void {
    const pending = sortByRevision(this.#pending);
    const firstOpen = pending.findIndex(({ revision }) => revision > resolved);
    const count = firstOpen < 0 ? pending.length : firstOpen;
    this.#push(pending.splice(0, count));
  }

  #hold(step: Step): void {
    // Without a reading whose end it could follow there is nothing to keep it for.
    if (this.#reading === undefined && this.#host.isFull) this.#miss(step);
    else if (!this.#held.add(step)) this.#missHeld(step);
    else this.#missed = Math.max(this.#missed, step.previousSlot);
  }

  /** What is missing is at least what this changed, or what made it not continue. */
  #miss({ slot, previousSlot, changes }: Step): void {
    this.#missed = Math.max(this.#missed, changes.length > 0 ? slot : previousSlot);
  }

  #missHeld(step: Step): void {
    for (const held of this.#held.takeAll()) this.#miss(held);
    this.#miss(step);
  }

  /** Held entries that continue what is had now. */
  #takeHeld(): void {
    if (this.#held.isEmpty) return;
    for (const step of this.#held.takeAll()) {
      if (step.slot <= this.#had) continue;
      if (this.#continues(step)) this.#take(step);
      else this.#hold(step);
    }
  }

  /** Too much waits to be resolved: it is read again when it is. */
  #forget(): void {
    this.#pending = [];
    this.#missed = Math.max(this.#missed, this.#had);
    this.#had = nowhere;
  }

  // What the store says

  get #needsHistory(): boolean {
    return this.#doubts || this.#had < this.#missed || this.#had === nowhere;
  }

  /** Begins a reading, or goes on with one, where one is needed and nothing stands in the way. */
  #readOn(): void {
    const { clock, isConnected, isFull } = this.#host;
    if (this.#ended || !isConnected || isFull) return;
    if (this.#resumeAtMs !== undefined && clock.monotonicMs() < this.#resumeAtMs) return;
    this.#resumeAtMs = undefined;
    if (this.#reading === undefined) {
      if (!this.#needsHistory) return;
      this.#reading = this.#newReading();
      this.#mustAsk = true;
    }
    if (!this.#mustAsk) return;
    this.#mustAsk = false;
    this.#reading.ask();
  }

  #newReading(): Reading {
    const { reads } = this.#host;
    const { kind } = this.#beginning;
    if (this.#position === nowhere || (kind === "history" && !this.#hasBegun)) {
      if (kind === "now") return new MomentReading(reads, this);
      if (kind === "current") return new CurrentReading(reads, this);
      return new HistoryReading(reads, this, Math.max(0, this.#position), true);
    }
    return new HistoryReading(reads, this, this.#position, false);
  }

  wants(change: WatchedChange): boolean {
    const { filter, ignoreDeletes } = this.#host;
    if (ignoreDeletes && !isPut(change)) return false;
    return filter === undefined || filter.matches(change.key);
  }

  room(): Room {
    return this.#host.room();
  }

  began({ lastRevision, asOf }: Place): void {
    const isFirst = !this.#isPlaced;
    this.#isPlaced = true;
    if (isFirst) this.#requireNotInFuture(lastRevision, asOf);
    if (isFirst && !this.#ended) this.#host.placed();
  }

  #requireNotInFuture(lastRevision: Revision, asOf: Revision): void {
    if (this.#beginning.kind !== "after") return;
    const { revision } = this.#beginning;
    const knownTime = Math.max(lastRevision, asOf);
    const aheadMs = (revision - knownTime) / revisionsPerMs;
    if (asOf === 0 || aheadMs <= this.#host.limits.futureMsMax) return;
    const claim = `revision ${revision} lies ${Math.round(aheadMs)} ms ahead of the time of group ${this.group}`;
    this.end();
    this.#host.failed(
      new SynodError("CLOCK_TOO_FAR_AHEAD", claim, {
        retryable: false,
        nextStep: "Begin behind a revision that this cluster has told.",
      }),
    );
  }

  piece(changes: WatchedChange[], key: InternalKey, asOf: Revision): void {
    this.#begunBefore = { key, asOf };
    this.#mustAsk = true;
    for (const change of changes) this.#handOver(change, undefined);
    this.#readOn();
  }

  arrived({ changes, through, slot }: Arrival): void {
    this.#reading = undefined;
    this.#pushRead(
      changes.filter(({ revision }) => revision > this.#position),
      through,
      slot,
    );
    this.#pending = this.#pending.filter(({ revision }) => revision > through);
    this.#position = Math.max(this.#position, through);
    if (slot === undefined) {
      this.#doubts = true;
      this.#host.moreWaits();
    } else {
      this.#had = Math.max(this.#had, slot);
      this.#doubts = false;
      this.#hasBegun = true;
    }
    this.#takeHeld();
    // A read that was under way already may be older than what showed the gap; one asked later cannot be.
    if (slot !== undefined && this.#needsHistory) this.#pause();
    else this.#failures = 0;
    this.#host.advanced();
    this.#readOn();
  }

  failed(failure: SynodError): void {
    if (failure.code === "TOO_OLD") return this.#host.lostTrack(this, failure);
    if (!isPassing(failure)) return this.#host.failed(failure);
    this.#mustAsk = true;
    this.#pause();
    this.#host.advanced();
  }

  moved(): void {
    this.#host.moved(this);
  }

  #pause(): void {
    this.#failures++;
    const { clock } = this.#host;
    this.#resumeAtMs = clock.monotonicMs() + this.#host.backoffMs(this.#failures);
  }

  /** What a watch begins with counts as taken only when all of it is: before, its revisions say nothing about the rest. */
  #pushRead(changes: readonly WatchedChange[], through: Revision, slot: number | undefined): void {
    const isBeginning = !this.#hasBegun && this.#beginning.kind !== "after";
    if (!isBeginning) return this.#push(changes);
    for (const change of changes) this.#handOver(change, undefined);
    if (slot === undefined) return;
    this.#beganAt = through;
    this.#leftOfBeginning = this.#queued;
    if (this.#queued === 0) this.#taken = through;
  }

  /** In order of revisions, each revision completely. */
  #push(changes: readonly WatchedChange[]): void {
    for (const [at, change] of changes.entries()) {
      const isLast = changes[at + 1]?.revision !== change.revision;
      this.#handOver(change, isLast ? change.revision : undefined);
    }
  }

  #handOver(change: WatchedChange, through: Revision | undefined): void {
    this.#queued++;
    this.#host.push(this, change, through);
  }
}

function stretchesOf(ranges: readonly KeyRange[], beginning: Beginning): Stretch[] {
  return ranges.map((range) => ({ range, beginning }));
}

function isPut({ operation }: WatchedChange): boolean {
  return operation === changeOperation.put;
}

/** Another attempt may succeed, however long it takes until then. */
function isPassing({ code, retryable }: SynodError): boolean {
  return retryable || errorTable[code].retryable || code === "TIMEOUT";
}
