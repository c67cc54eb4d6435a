/**
 * One watch without promises: its strands, what waits for the consumer, and where it stands. It touches nothing but
 * the ports of its client, so a simulation runs it step by step.
 */
import type { Clock } from "../../infra/clock/clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { KeyRange } from "../../kv/commands/operation.ts";
import type { Revision } from "../../kv/revision.ts";
import { spansOf } from "../core/routing.ts";
import type { RouteMap } from "../core/route-map.ts";
import { WatchGapError } from "../errors.ts";
import { ChangeQueue } from "./change-queue.ts";
import { cursorText, isSame, type CursorPart } from "./cursor.ts";
import type { KeyFilter } from "./key-filter.ts";
import { coversAll, isEmptyRange } from "./key-ranges.ts";
import type { Room } from "./reading.ts";
import type { SharedReads } from "./shared-reads.ts";
import { Strand, type Beginning, type StrandHost, type Stretch } from "./strand.ts";
import type { WatchedChange } from "./watched-change.ts";
import type { Watches } from "./watches.ts";

/**
 * `live`: changes are handed over as they are made. `catching up`: what is behind is being read. `disconnected`: nothing
 * is heard of a store group at the moment; nothing is lost by that.
 */
export type WatchStatus = "live" | "catching up" | "disconnected";

export interface WatchRequest {
  /** Where to begin in which range; ranges do not overlap. */
  readonly stretches: readonly Stretch[];
  readonly filter: KeyFilter | undefined;
  /** Values are left out. */
  readonly keysOnly: boolean;
  readonly ignoreDeletes: boolean;
  /** Current values include keys that are gone, as long as a tombstone tells of them. */
  readonly tombstonesToo?: boolean;
  /** See `leftToBegin`: the last change of the beginning waits until it is known to be that, for a moment at most. */
  readonly countsDown?: boolean;
}

/** So long the last change waits at most. */
const heldBackMsMax = 500;

export interface WatchListener {
  /** There is something to take, or the watch has ended. */
  readable(): void;
  /** See `isPlaced`. */
  placed(): void;
  /** What the watch began with has been taken. */
  initialized(): void;
  /** The consumer has been handed every change of the group up to this revision. */
  progressed(group: string, revision: Revision): void;
  statusChanged(status: WatchStatus): void;
}

type Ended =
  { readonly lost: Strand; readonly cause: SynodError } | { readonly failure: SynodError };

export class WatchCore implements StrandHost {
  readonly filter: KeyFilter | undefined;
  readonly keysOnly: boolean;
  readonly ignoreDeletes: boolean;
  readonly tombstonesToo: boolean;
  readonly #countsDown: boolean;
  readonly #watches: Watches;
  readonly #listener: WatchListener;
  readonly #queue = new ChangeQueue<Strand>();
  /** Waits for a route that says who owns it. */
  #unrouted: Stretch[];
  #strands: Strand[] = [];
  /** Strands that gave way to others, by those: until their last change is taken the others' cursors are theirs. */
  readonly #origins = new Map<Strand, Strand>();
  /** The same for what is not cut into strands again yet. */
  readonly #unroutedOrigins = new Map<Stretch, Strand>();
  /** The version of the routing table that the strands are cut by. */
  #routed = -1;
  #isFull = false;
  #status: WatchStatus = "catching up";
  /** Changes to take before the beginning is over; undefined while it is not known, -1 when it has been told. */
  #takenToBegin: number | undefined;
  #taken = 0;
  #pushed = 0;
  /** Since when a change is held back. */
  #heldBackSinceMs: number | undefined;
  /** Something came from a feed since progress was last told. */
  #hasNews = false;
  /** Told last, by group. */
  readonly #progress = new Map<string, Revision>();
  #ended: Ended | "stopped" | undefined;

  constructor(watches: Watches, request: WatchRequest, listener: WatchListener) {
    const { stretches, filter, keysOnly, ignoreDeletes } = request;
    const { tombstonesToo = false, countsDown = false } = request;
    this.#watches = watches;
    this.#listener = listener;
    this.#unrouted = stretches.filter(({ range }) => !isEmptyRange(range));
    this.filter = filter;
    this.keysOnly = keysOnly;
    this.ignoreDeletes = ignoreDeletes;
    this.tombstonesToo = tombstonesToo && !ignoreDeletes;
    this.#countsDown = countsDown;
  }

  /** Nobody is called back before this. */
  begin(): void {
    this.#watches.add(this);
    this.routeAdopted();
    if (this.#unrouted.length > 0 || this.#strands.length > 0) return;
    // Nothing is watched: there is nothing to wait for.
    this.#listener.placed();
    this.#lookAtBeginning();
  }

  get status(): WatchStatus {
    return this.#status;
  }

  /** Changes that wait to be taken. */
  get waiting(): number {
    return this.#queue.count;
  }

  /** Changes that came in so far. */
  get received(): number {
    return this.#pushed;
  }

  /**
   * How many changes of the beginning come behind the one that was taken last, as far as is known: 0 for the last one.
   * Undefined for what came later.
   */
  get leftToBegin(): number | undefined {
    const toBegin = this.#takenToBegin;
    if (toBegin === undefined) return Math.max(1, this.waiting);
    return toBegin < this.#taken ? undefined : toBegin - this.#taken;
  }

  /** The store has answered: whatever is written from now on will be handed over. */
  get isPlaced(): boolean {
    return this.#unrouted.length === 0 && this.#strands.every(({ isPlaced }) => isPlaced);
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Why it ended by itself, once everything that came before has been taken. */
  get failure(): SynodError | undefined {
    const ended = this.#ended;
    if (ended === undefined || ended === "stopped" || this.waiting > 0) return undefined;
    return "failure" in ended ? ended.failure : this.#gap(ended);
  }

  /** Where another watch would go on: behind everything that was taken. Undefined before the watch knows where it begins. */
  get cursor(): readonly CursorPart[] | undefined {
    const parts: CursorPart[] = [];
    for (const stretch of this.#unrouted) {
      const origin = this.#unroutedOrigins.get(stretch);
      const beginning = origin?.continuation ?? stretch.beginning;
      if (beginning.kind === "now") return undefined;
      parts.push({ range: stretch.range, beginning });
    }
    for (const strand of this.#strands) {
      const beginning = this.#takenFrom(strand).continuation;
      if (beginning === undefined) return undefined;
      for (const range of strand.ranges) parts.push({ range, beginning });
    }
    return parts;
  }

  /** The same as text. */
  get cursorText(): string | undefined {
    const parts = this.cursor;
    return parts === undefined ? undefined : this.#text(parts);
  }

  /** The next change, if there is one. Whoever asks has dealt with the one before. */
  take(): WatchedChange | undefined {
    this.#tellBeginning();
    if (this.#holdsBack) return undefined;
    const taken = this.#queue.take();
    if (taken === undefined) return undefined;
    const { source, change, through } = taken;
    this.#taken++;
    source.took(through);
    this.#lookForRoom();
    return change;
  }

  /** Ends it: what waits is dropped, nothing more comes. */
  stop(): void {
    if (this.#ended !== undefined && this.waiting === 0) return;
    this.#queue.clear();
    this.#end("stopped");
  }

  // From the client

  routeAdopted(): void {
    const routes = this.#watches.routes;
    if (this.#ended !== undefined) return;
    if (routes === undefined) return this.#watches.wantRoute();
    if (routes.version !== this.#routed) this.#cutAnew(routes);
    this.#routed = routes.version;
    this.#spin(routes);
    if (this.#unrouted.length > 0) this.#watches.wantRoute();
    this.#lookAtStatus();
  }

  tick(nowMs: number): void {
    if (this.#ended !== undefined) return;
    for (const strand of this.#strands) strand.tick(nowMs);
    const heldBackSinceMs = this.#heldBackSinceMs ?? Infinity;
    if (nowMs >= heldBackSinceMs + heldBackMsMax) this.#listener.readable();
    this.#lookAtStatus();
    if (!this.#hasNews) return;
    this.#hasNews = false;
    for (const group of new Set(this.#strands.map(({ group }) => group))) this.#tellProgress(group);
  }

  connectionChanged(): void {
    this.#lookAtStatus();
  }

  clientClosed(): void {
    const message = "the client was closed, and the watch with it";
    this.#end({ failure: new SynodError("CLIENT_CLOSED", message) });
  }

  // For the strands

  get clock(): Clock {
    return this.#watches.clock;
  }

  get reads(): SharedReads {
    return this.#watches.reads;
  }

  get limits(): StrandHost["limits"] {
    return this.#watches.limits;
  }

  get isConnected(): boolean {
    return this.#watches.isConnected;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  room(): Room {
    const { bufferedChangesMax, bufferedBytesMax } = this.limits;
    const strands = Math.max(1, this.#strands.length);
    return {
      changes: Math.max(0, bufferedChangesMax - this.#queue.count) / strands,
      bytes: Math.max(0, bufferedBytesMax - this.#queue.bytes) / strands,
    };
  }

  moreWaits(): void {
    if (!this.#isHalfEmpty) this.#isFull = true;
  }

  backoffMs(failures: number): number {
    return this.#watches.backoffMs(failures);
  }

  push(source: Strand, change: WatchedChange, through: Revision | undefined): void {
    if (this.#ended !== undefined) return;
    const { bufferedChangesMax, bufferedBytesMax } = this.limits;
    this.#queue.push({ source, change, through });
    this.#pushed++;
    const { count, bytes } = this.#queue;
    if (count >= bufferedChangesMax || bytes >= bufferedBytesMax) this.#isFull = true;
    if (count === 1 || this.#heldBackSinceMs !== undefined) this.#listener.readable();
  }

  placed(): void {
    if (this.isPlaced) this.#listener.placed();
  }

  advanced(): void {
    this.#lookAtBeginning();
    this.#lookAtStatus();
    this.#hasNews = true;
  }

  followed(): void {
    this.#hasNews = true;
  }

  lostTrack(lost: Strand, cause: SynodError): void {
    this.#end({ lost, cause });
  }

  failed(failure: SynodError): void {
    this.#end({ failure });
  }

  moved(strand: Strand): void {
    this.#unravel(strand);
    this.routeAdopted();
  }

  // Who owns what

  /** Strands whose keys another group owns now give way to others. */
  #cutAnew(routes: RouteMap): void {
    for (const strand of this.#strands) {
      const { ranges, group } = strand;
      const isWhole = ranges.every((range) => {
        const span = routes.firstSpan(range);
        return span?.group === group && span.end === range.end;
      });
      if (!isWhole) this.#unravel(strand);
    }
  }

  #unravel(strand: Strand): void {
    this.#strands = this.#strands.filter((other) => other !== strand);
    this.#watches.leave(strand.group, strand);
    const { remainder } = strand;
    strand.end();
    for (const stretch of remainder) {
      this.#unrouted.push(stretch);
      this.#unroutedOrigins.set(stretch, this.#takenFrom(strand));
    }
    this.#origins.delete(strand);
  }

  #spin(routes: RouteMap): void {
    const bundles: Bundle[] = [];
    for (const stretch of this.#unrouted.splice(0)) {
      const { range, beginning } = stretch;
      const spans = [...spansOf(range, routes)];
      if (!coversAll(range, spans)) {
        this.#unrouted.push(stretch);
        continue;
      }
      const origin = this.#unroutedOrigins.get(stretch);
      this.#unroutedOrigins.delete(stretch);
      for (const { group, start, end } of spans)
        bundle(bundles, group, { start, end }, beginning, origin);
    }
    const begun: Strand[] = [];
    for (const { group, ranges, beginning, origin } of bundles) {
      const strand = new Strand(this, group, ranges, beginning);
      if (origin !== undefined) this.#origins.set(strand, origin);
      begun.push(strand);
    }
    this.#strands.push(...begun);
    // The feed first: what is said while the store is asked must be heard.
    for (const strand of begun) this.#watches.join(strand.group, strand);
    for (const strand of begun) strand.begin();
  }

  #takenFrom(strand: Strand): Strand {
    const origin = this.#origins.get(strand);
    return origin !== undefined && origin.queued > 0 ? origin : strand;
  }

  /** Whether the change that would be taken may be the last of the beginning, and it is not known yet. */
  get #holdsBack(): boolean {
    if (!this.#countsDown || this.#takenToBegin !== undefined || this.#ended !== undefined) {
      return false;
    }
    if (this.#queue.count !== 1) return false;
    const nowMs = this.clock.monotonicMs();
    this.#heldBackSinceMs ??= nowMs;
    return nowMs < this.#heldBackSinceMs + heldBackMsMax;
  }

  // What the listener is told

  #lookForRoom(): void {
    if (!this.#isFull || !this.#isHalfEmpty) return;
    this.#isFull = false;
    if (this.#ended !== undefined) return;
    for (const strand of this.#strands) strand.roomAgain();
  }

  get #isHalfEmpty(): boolean {
    const { bufferedChangesMax, bufferedBytesMax } = this.limits;
    const { count, bytes } = this.#queue;
    return count <= bufferedChangesMax / 2 && bytes <= bufferedBytesMax / 2;
  }

  #lookAtBeginning(): void {
    if (this.#takenToBegin !== undefined || this.#unrouted.length > 0) return;
    if (!this.#strands.every(({ hasBegun }) => hasBegun)) return;
    this.#takenToBegin = this.#pushed;
    this.#tellBeginning();
    if (this.#heldBackSinceMs === undefined) return;
    this.#heldBackSinceMs = undefined;
    this.#listener.readable();
  }

  #tellBeginning(): void {
    if (this.#takenToBegin === undefined || this.#takenToBegin < 0) return;
    if (this.#taken < this.#takenToBegin) return;
    this.#takenToBegin = -1;
    this.#listener.initialized();
  }

  #tellProgress(group: string): void {
    let lowest = Infinity;
    for (const strand of this.#strands) {
      if (strand.group !== group) continue;
      if (strand.queued > 0 || !strand.hasBegun) return;
      lowest = Math.min(lowest, strand.position ?? -Infinity);
    }
    if (lowest === Infinity || lowest <= (this.#progress.get(group) ?? -1)) return;
    this.#progress.set(group, lowest);
    this.#listener.progressed(group, lowest);
  }

  #lookAtStatus(): void {
    if (this.#ended !== undefined) return;
    const status = this.#presentStatus();
    if (status === this.#status) return;
    this.#status = status;
    this.#listener.statusChanged(status);
  }

  #presentStatus(): WatchStatus {
    if (!this.#watches.isConnected) return "disconnected";
    let status: WatchStatus = this.#unrouted.length > 0 || this.#isFull ? "catching up" : "live";
    for (const strand of this.#strands) {
      const hearing = this.#watches.hearing(strand.group);
      if (hearing === "silent") return "disconnected";
      if (hearing === "awaited" || !strand.isCaughtUp) status = "catching up";
    }
    return status;
  }

  #end(ended: Ended | "stopped"): void {
    if (this.#ended === "stopped") return;
    this.#ended ??= ended;
    if (ended === "stopped") this.#ended = ended;
    for (const strand of this.#strands) {
      this.#watches.leave(strand.group, strand);
      strand.end();
    }
    this.#watches.remove(this);
    this.#listener.readable();
  }

  #text(parts: readonly CursorPart[]): string {
    return cursorText(this.#watches.routes?.clusterId ?? "", parts);
  }

  /** The cursor goes on where the others are, and with current values where history is gone. */
  #gap({ lost, cause }: { readonly lost: Strand; readonly cause: SynodError }): WatchGapError {
    const parts = (this.cursor ?? []).map((part): CursorPart => {
      return lost.ranges.includes(part.range) ? { ...part, beginning: { kind: "current" } } : part;
    });
    return new WatchGapError(lost.group, lost.position ?? 0, this.#text(parts), cause);
  }
}

/** Ranges that one group owns and that begin alike: together they are told in order of revisions. */
interface Bundle {
  readonly group: string;
  readonly ranges: KeyRange[];
  readonly beginning: Beginning;
  readonly origin: Strand | undefined;
}

function bundle(
  bundles: Bundle[],
  group: string,
  range: KeyRange,
  beginning: Beginning,
  origin: Strand | undefined,
): void {
  for (const known of bundles) {
    if (known.group === group && known.origin === origin && isSame(known.beginning, beginning)) {
      known.ranges.push(range);
      return;
    }
  }
  bundles.push({ group, ranges: [range], beginning, origin });
}
