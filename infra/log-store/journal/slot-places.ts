/**
 * Where the journal holds an epoch's records, by slot. Slots are mostly dense, but a log that was far behind goes on at
 * the place where the others are, however far that is.
 */
import type { Slot } from "../../../machines/ballot.ts";

/** A segment and an offset in it, as one number; above zero, because segments are counted from one. */
export type Place = number;

const nowhere = 0;
const slotsPerChunk = 256;
/** No segment may reach further; so 2 ** 25 of them can be told apart. */
export const offsetsMax = 2 ** 28;

export function placeIn(segment: number, offset: number): Place {
  return segment * offsetsMax + offset;
}

export function segmentOf(place: Place): number {
  return Math.floor(place / offsetsMax);
}

export function offsetOf(place: Place): number {
  return place % offsetsMax;
}

/** Slots that lie together. */
interface Chunk {
  /** Its first slot is so many times `slotsPerChunk`. */
  readonly number: number;
  readonly places: Float64Array;
  /** Slots with a place. */
  used: number;
}

export class SlotPlaces {
  /** Ascending; none is without a place. */
  #chunks: Chunk[] = [];

  get(slot: Slot): Place | undefined {
    const number = Math.floor(slot / slotsPerChunk);
    const chunk = this.#chunks[this.#indexOf(number)];
    if (chunk?.number !== number) return undefined;
    const place = chunk.places[slot % slotsPerChunk] ?? nowhere;
    return place === nowhere ? undefined : place;
  }

  /** Answers the place that the slot had before. */
  set(slot: Slot, place: Place): Place | undefined {
    const number = Math.floor(slot / slotsPerChunk);
    const index = this.#indexOf(number);
    let chunk = this.#chunks[index];
    if (chunk?.number !== number) {
      chunk = { number, places: new Float64Array(slotsPerChunk), used: 0 };
      this.#chunks.splice(index, 0, chunk);
    }
    const before = chunk.places[slot % slotsPerChunk] ?? nowhere;
    chunk.places[slot % slotsPerChunk] = place;
    if (before !== nowhere) return before;
    chunk.used += 1;
    return undefined;
  }

  /** Forgets the slot. */
  delete(slot: Slot): void {
    if (this.get(slot) === undefined) return;
    const index = this.#indexOf(Math.floor(slot / slotsPerChunk));
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    chunk.places[slot % slotsPerChunk] = nowhere;
    chunk.used -= 1;
    if (chunk.used === 0) this.#chunks.splice(index, 1);
  }

  /** Forgets all slots up to there, and tells the place of each. */
  trim(through: Slot, forgotten: (place: Place) => void): void {
    let emptied = 0;
    for (const chunk of this.#chunks) {
      const count = Math.min(through + 1 - chunk.number * slotsPerChunk, slotsPerChunk);
      if (count <= 0) break;
      for (let index = 0; index < count; index++) {
        const place = chunk.places[index] ?? nowhere;
        if (place === nowhere) continue;
        forgotten(place);
        chunk.places[index] = nowhere;
        chunk.used -= 1;
      }
      if (chunk.used === 0) emptied += 1;
    }
    this.#chunks.splice(0, emptied);
  }

  /** The slots with a place between those two, ascending. */
  *slots(from: Slot, through: Slot): Generator<Slot> {
    let number = Math.floor(from / slotsPerChunk);
    for (;;) {
      // Found anew each time: whoever asks may forget slots in between.
      const chunk = this.#chunks[this.#indexOf(number)];
      const start = (chunk?.number ?? Infinity) * slotsPerChunk;
      if (chunk === undefined || start > through) return;
      const end = Math.min(slotsPerChunk, through + 1 - start);
      for (let index = Math.max(0, from - start); index < end; index++) {
        if (chunk.places[index] !== nowhere) yield start + index;
      }
      number = chunk.number + 1;
    }
  }

  /** Of the first chunk with that number or a higher one. */
  #indexOf(number: number): number {
    let low = 0;
    let high = this.#chunks.length;
    // Most calls concern the last one.
    if (high > 0 && (this.#chunks[high - 1]?.number ?? 0) < number) return high;
    if (high > 1 && (this.#chunks[high - 2]?.number ?? 0) < number) return high - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.number ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
