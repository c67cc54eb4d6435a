/**
 * Brings a leader's small entries to the other members: at once to as many as a quorum needs, to the rest a little later,
 * several entries at a time. Whoever waits for an answer waits for the first ones only, and what the rest did for the same
 * entry meanwhile would take processors and disks from them. To the protocol this is a message that was delayed; an
 * acknowledged entry is on the disks of a quorum either way.
 */
import type { Cancel, Clock } from "../../infra/clock/clock.ts";
import type { Accept } from "../../machines/messages.ts";

export interface AcceptCourierOptions {
  readonly clock: Clock;
  /** The nodes of the other members. */
  readonly others: readonly string[];
  /** How many of them have to accept beside this member. */
  readonly needed: number;
  /** `isUrgent`: nothing of this turn comes before it. */
  readonly send: (to: string, accept: Accept, isUrgent: boolean) => void;
  readonly broadcast: (accept: Accept) => void;
}

/** A larger entry is published once to all: nats-server copies it, where this node would encode and send it again. */
const smallEntryBytesMax = 1024;
/** How long the rest waits, and for how many entries at most. It is what one write takes longer when a member dies. */
const holdMs = 10;
const heldMax = 32;

export class AcceptCourier {
  readonly #options: AcceptCourierOptions;
  /** The first `needed` are asked at once. Whoever of the rest answers before one of them takes its place. */
  #order: readonly string[];
  /** What the rest has not been sent yet, ascending. */
  readonly #held: Accept[] = [];
  #cancel: Cancel | undefined;
  /** By node: the highest slot it has accepted. */
  readonly #acceptedThrough = new Map<string, number>();

  constructor(options: AcceptCourierOptions) {
    this.#options = options;
    this.#order = options.others;
  }

  send(accept: Accept): void {
    const { others, needed, broadcast } = this.#options;
    if (needed >= others.length || accept.entry.length > smallEntryBytesMax) {
      this.flush();
      return broadcast(accept);
    }
    for (let at = 0; at < needed; at++) {
      this.#options.send(this.#order[at] as string, accept, at === needed - 1);
    }
    this.#held.push(accept);
    if (this.#held.length >= heldMax) this.flush();
    else this.#cancel ??= this.#options.clock.after(holdMs, () => this.flush());
  }

  /** A member has accepted these slots, ascending. */
  accepted(node: string, slots: readonly number[]): void {
    const through = slots.at(-1) ?? 0;
    if (through <= this.#through(node)) return;
    this.#acceptedThrough.set(node, through);
    const { needed } = this.#options;
    const at = this.#order.indexOf(node);
    if (at < needed) return;
    // Of the newest it may be a question of microseconds whose answer comes first.
    const oldest = slots[0] ?? 0;
    const slow = this.#order.findIndex((other) => this.#through(other) < oldest);
    if (slow >= 0 && slow < needed) this.#exchange(slow, at);
  }

  /** Called before anything else is said to a member, which would else hear of entries that it has not been sent. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#held.length === 0) return;
    for (const node of this.#order.slice(this.#options.needed)) {
      for (const accept of this.#held) this.#options.send(node, accept, false);
    }
    this.#held.length = 0;
  }

  /** Nothing that is held is sent any more. */
  stop(): void {
    this.#held.length = 0;
    this.flush();
  }

  /** What is held was sent to those who are asked first now, and to nobody else. */
  #exchange(slow: number, quick: number): void {
    this.flush();
    const order = [...this.#order];
    order[slow] = this.#order[quick] as string;
    order[quick] = this.#order[slow] as string;
    this.#order = order;
  }

  #through(node: string): number {
    return this.#acceptedThrough.get(node) ?? 0;
  }
}
