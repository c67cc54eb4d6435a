/** What one entry of a group's log changed, as the feed told it: handed to every watch that listens to the group. */
import type { Change } from "../../kv/change.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Selection } from "./selection.ts";
import { changeOfFeed, type WatchedChange } from "./watched-change.ts";

export interface FeedPosition {
  readonly slot: number;
  /** No slot between it and `slot` changed anything. */
  readonly previousSlot: number;
  /** Changes up to it have all been told with `slot` or before. */
  readonly resolved: Revision;
}

const nothing: readonly WatchedChange[] = [];

export class FeedEntry implements FeedPosition {
  readonly slot: number;
  readonly previousSlot: number;
  readonly resolved: Revision;
  /** Lent for the call. */
  readonly #changes: readonly Change[];
  /** Copies that somebody wanted, by index: all who want one share it. */
  readonly #copies: WatchedChange[] = [];
  /** Answers by name of the selection: a thousand watches of one prefix look through the changes once. */
  readonly #selections = new Map<string, readonly WatchedChange[]>();
  /** Indices by key, made when the first watch of a single key asks. */
  #byKey: ReadonlyMap<InternalKey, readonly number[]> | undefined;

  constructor({ slot, previousSlot, resolved }: FeedPosition, changes: readonly Change[]) {
    this.slot = slot;
    this.previousSlot = previousSlot;
    this.resolved = resolved;
    this.#changes = changes;
  }

  /** Changes of the selected keys, in order; they may be kept. */
  select(selection: Selection): readonly WatchedChange[] {
    if (this.#changes.length === 0) return nothing;
    const { name, onlyKey } = selection;
    if (onlyKey !== undefined) return this.#of(onlyKey);
    let selected = this.#selections.get(name);
    if (selected === undefined) {
      selected = this.#copiesWhere(({ key }) => selection.has(key));
      this.#selections.set(name, selected);
    }
    return selected;
  }

  #of(key: InternalKey): readonly WatchedChange[] {
    this.#byKey ??= indicesByKey(this.#changes);
    return this.#byKey.get(key)?.map((at) => this.#copy(at)) ?? nothing;
  }

  #copiesWhere(isWanted: (change: Change) => boolean): readonly WatchedChange[] {
    const selected: WatchedChange[] = [];
    for (const [at, change] of this.#changes.entries()) {
      if (isWanted(change)) selected.push(this.#copy(at));
    }
    return selected.length === 0 ? nothing : selected;
  }

  #copy(at: number): WatchedChange {
    return (this.#copies[at] ??= changeOfFeed(this.#changes[at] as Change));
  }
}

function indicesByKey(changes: readonly Change[]): ReadonlyMap<InternalKey, readonly number[]> {
  const byKey = new Map<InternalKey, number[]>();
  for (const [at, { key }] of changes.entries()) {
    const indices = byKey.get(key);
    if (indices === undefined) byKey.set(key, [at]);
    else indices.push(at);
  }
  return byKey;
}
