/** Where the journal holds an epoch's records, by slot: dense, because slots are. */
import type { Slot } from "../../../machines/ballot.ts";

/** A segment and an offset in it, as one number. */
export type Place = number;

const nowhere = -1;
/** Places in front that nobody asks for any more are kept until there are so many of them. */
const slackMax = 4096;
/** No segment reaches further. */
const offsetsMax = 2 ** 26;

export function placeIn(segment: number, offset: number): Place {
  if (offset >= offsetsMax) throw new RangeError(`a segment of the journal reaches ${offset}`);
  return segment * offsetsMax + offset;
}

export function segmentOf(place: Place): number {
  return Math.floor(place / offsetsMax);
}

export function offsetOf(place: Place): number {
  return place % offsetsMax;
}

export class SlotPlaces {
  /** The slot of the first place. */
  #first: Slot = 0;
  /** No slot below it has a place. */
  #from: Slot = 0;
  #places: Place[] = [];

  get(slot: Slot): Place | undefined {
    const place = this.#places[slot - this.#first];
    return place === undefined || place === nowhere ? undefined : place;
  }

  /** The lowest slot with a place. */
  get lowest(): Slot | undefined {
    while (this.#from < this.#end) {
      if (this.get(this.#from) !== undefined) return this.#from;
      this.#from += 1;
    }
    return undefined;
  }

  /** The highest slot that ever had a place and was not trimmed. */
  get highest(): Slot | undefined {
    return this.#places.length === 0 ? undefined : this.#end - 1;
  }

  /** Answers the place that the slot had before. */
  set(slot: Slot, place: Place): Place | undefined {
    if (this.#places.length === 0) this.#first = this.#from = slot;
    const before = this.get(slot);
    this.#from = Math.min(this.#from, slot);
    if (slot < this.#first) {
      this.#places = emptyPlaces(this.#first - slot).concat(this.#places);
      this.#first = slot;
    }
    while (this.#end < slot) this.#places.push(nowhere);
    this.#places[slot - this.#first] = place;
    return before;
  }

  /** Forgets the slot. */
  delete(slot: Slot): void {
    if (this.get(slot) !== undefined) this.#places[slot - this.#first] = nowhere;
  }

  /** Forgets all slots up to there, and tells the place of each. */
  trim(through: Slot, forgotten: (place: Place) => void): void {
    const end = Math.min(through + 1, this.#end);
    for (let slot = this.#from; slot < end; slot++) {
      const place = this.get(slot);
      if (place === undefined) continue;
      forgotten(place);
      this.#places[slot - this.#first] = nowhere;
    }
    this.#from = Math.max(this.#from, end);
    const slack = this.#from - this.#first;
    if (slack > slackMax || slack === this.#places.length) {
      this.#places.splice(0, slack);
      this.#first += slack;
    }
  }

  /** The slots with a place between those two, ascending. */
  *slots(from: Slot, through: Slot): Generator<Slot> {
    const end = Math.min(through + 1, this.#end);
    for (let slot = Math.max(from, this.#from); slot < end; slot++) {
      if (this.get(slot) !== undefined) yield slot;
    }
  }

  /** The slot behind the last place. */
  get #end(): Slot {
    return this.#first + this.#places.length;
  }
}

function emptyPlaces(count: number): Place[] {
  return Array.from({ length: count }, () => nowhere);
}
