/**
 * The order in which virtual time happens: a binary heap of pending events by (time, sequence). Events that are
 * due at the same moment run in the order in which they were scheduled, so a run never depends on chance.
 */
import { invariant } from "../../machines/invariant.ts";

export interface HeapEvent {
  /** When it is due. Neither this nor `sequence` changes while the event is in a heap. */
  timeMs: number;
  /** Unique, and grows with the order of scheduling. */
  sequence: number;
  /** The event's index in the heap; `outsideHeap` while it is in none. Kept by the heap, so that removal needs no search. */
  position: number;
}

export const outsideHeap = -1;

export class EventHeap<Event extends HeapEvent> {
  /** Invariant: no event comes before its parent, which sits at `(index - 1) >> 1`. */
  readonly #events: Event[] = [];

  get size(): number {
    return this.#events.length;
  }

  first(): Event | undefined {
    return this.#events[0];
  }

  add(event: Event): void {
    invariant(event.position === outsideHeap, "an event is scheduled once", {
      sequence: event.sequence,
    });
    this.#events.push(event);
    this.#moveUp(event, this.#events.length - 1);
  }

  /** Takes out the event that is due first. */
  takeFirst(): Event | undefined {
    const first = this.#events[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  remove(event: Event): void {
    const position = event.position;
    invariant(this.#events[position] === event, "only an event of this heap is removed from it", {
      sequence: event.sequence,
      position,
    });
    event.position = outsideHeap;
    const last = this.#events.pop();
    if (last === undefined || last === event) return;
    if (comesBefore(last, event)) this.#moveUp(last, position);
    else this.#moveDown(last, position);
  }

  /** Takes out every event that is chosen, in the order in which they would have run. */
  takeWhere(chosen: (event: Event) => boolean): Event[] {
    const taken = this.#events.filter(chosen);
    for (const event of taken) this.remove(event);
    return taken.sort((left, right) => (comesBefore(left, right) ? -1 : 1));
  }

  #moveUp(event: Event, from: number): void {
    const events = this.#events;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = events[parentIndex] as Event;
      if (!comesBefore(event, parent)) break;
      events[index] = parent;
      parent.position = index;
      index = parentIndex;
    }
    events[index] = event;
    event.position = index;
  }

  #moveDown(event: Event, from: number): void {
    const events = this.#events;
    const size = events.length;
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= size) break;
      let child = events[childIndex] as Event;
      if (childIndex + 1 < size) {
        const sibling = events[childIndex + 1] as Event;
        if (comesBefore(sibling, child)) {
          child = sibling;
          childIndex += 1;
        }
      }
      if (!comesBefore(child, event)) break;
      events[index] = child;
      child.position = index;
      index = childIndex;
    }
    events[index] = event;
    event.position = index;
  }
}

function comesBefore(left: HeapEvent, right: HeapEvent): boolean {
  return (
    left.timeMs < right.timeMs || (left.timeMs === right.timeMs && left.sequence < right.sequence)
  );
}
