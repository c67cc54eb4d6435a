/**
 * What a group's leader tells about the entries it applies, while somebody wants to hear it. Every replica keeps track of
 * the last slot with changes, so that whoever leads next can say what its first message follows on; nothing else is done
 * for watchers that are not there.
 */
import type { Cancel, Clock } from "../../infra/clock/clock.ts";
import { FeedEncoder } from "../../infra/codec/feed-codec.ts";
import type { Change } from "../../kv/change.ts";
import type { ReplicaState } from "../../kv/replica-state.ts";
import { feedSubject } from "../subjects.ts";
import type { Interests } from "./interests.ts";
import type { Outlet } from "./outlet.ts";
import type { WatchSubjects } from "./watch-subjects.ts";

/** What all groups of a node share. */
export interface ChangeFeedPorts {
  readonly prefix: string;
  readonly interests: Interests;
  readonly outlet: Outlet;
  readonly watchSubjects: WatchSubjects;
}

export interface ChangeFeedOptions extends ChangeFeedPorts {
  readonly clusterId: string;
  readonly group: string;
  readonly clock: Clock;
  readonly state: ReplicaState;
  /**
   * This replica proposed the slot's entry, and nobody else can have begun to lead since. Only such an entry is told on
   * watch subjects: what two leaders tell could come twice there, and the older after the newer.
   */
  readonly isOwn: (slot: number) => boolean;
  readonly report: (what: string, details: Record<string, unknown>) => void;
}

const progressIntervalMs = 1_000;

export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #encoder = new FeedEncoder();
  readonly #sink = (change: Change): void => void this.#changes.push(change);
  #serving = false;
  #capturing = false;
  /** What the entry at hand has changed so far. */
  #changes: Change[] = [];
  #changeCount: number;
  /** No slot behind it, as far as applied, changed anything. Before the first entry of this start it may be too high. */
  #lastChangedSlot: number;
  #cancelProgress: Cancel | undefined;
  #published = 0;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
    this.#changeCount = options.state.changeCount;
    this.#lastChangedSlot = options.state.appliedThrough;
  }

  /** Messages of the feed since the node started. */
  get published(): number {
    return this.#published;
  }

  get wanted(): boolean {
    const { interests, group, watchSubjects } = this.#options;
    return interests.feedMs(group) > 0 || watchSubjects.wanted;
  }

  /** Called behind every entry that was applied, in their order. */
  entryApplied(slot: number): void {
    const { changeCount } = this.#options.state;
    if (changeCount === this.#changeCount) return;
    this.#changeCount = changeCount;
    const previousSlot = this.#lastChangedSlot;
    this.#lastChangedSlot = slot;
    if (!this.#capturing) return;
    const changes = this.#changes;
    this.#changes = [];
    if (!this.wanted) return this.#stopCapturing();
    const { watchSubjects, isOwn } = this.#options;
    this.#carefully(() => {
      this.#publish(slot, previousSlot, changes);
      if (watchSubjects.wanted && isOwn(slot)) watchSubjects.publish(changes);
    });
  }

  /** Somebody asked for this group's feed, or for watch subjects. */
  interestHeard(): void {
    if (!this.#serving) return;
    if (this.wanted && !this.#capturing) {
      this.#capturing = true;
      this.#options.state.tellChanges(this.#sink);
    }
    if (this.#cancelProgress === undefined) this.#tellProgress();
  }

  /** Those who watch hear at once how far the new leader is. */
  beginServing(): void {
    this.#serving = true;
    this.interestHeard();
  }

  stopServing(): void {
    this.#serving = false;
    this.#cancelProgress?.();
    this.#cancelProgress = undefined;
    this.#stopCapturing();
  }

  #stopCapturing(): void {
    this.#capturing = false;
    this.#changes = [];
    this.#options.state.tellChanges(undefined);
  }

  #tellProgress(): void {
    const { interests, group, state, clock } = this.#options;
    this.#cancelProgress = undefined;
    if (interests.feedMs(group) === 0) return;
    this.#carefully(() => this.#publish(state.appliedThrough, this.#lastChangedSlot, []));
    this.#cancelProgress = clock.after(progressIntervalMs, () => this.#tellProgress());
  }

  #publish(slot: number, previousSlot: number, changes: readonly Change[]): void {
    const { prefix, clusterId, group, state, interests, outlet } = this.#options;
    const interestMs = interests.feedMs(group);
    if (interestMs === 0 || !outlet.connected) return;
    const resolved = state.lastRevision;
    const head = { clusterId, group, slot, previousSlot, resolved, interestMs };
    for (const message of this.#encoder.encode(head, changes, outlet.payloadBytesMax)) {
      if (outlet.publish(feedSubject(prefix, group), message)) this.#published += 1;
    }
  }

  /** Whatever goes wrong here, the replica goes on; those who watch miss a message and read what was in it. */
  #carefully(publish: () => void): void {
    try {
      publish();
    } catch (failure) {
      this.#options.report("changes not published", { reason: String(failure) });
    }
  }
}
