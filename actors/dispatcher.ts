/**
 * Lets a node's actors handle their mail one event at a time, in the order in which it was posted, wherever in the
 * call stack it was posted from.
 */

interface Ready {
  handleNext(): void;
}

export class Dispatcher {
  readonly #queue: Ready[] = [];
  #running = false;

  /** The actor has one more event in its mailbox. Returns after all mail is handled, unless a handler is running already. */
  ready(actor: Ready): void {
    this.#queue.push(actor);
    if (this.#running) return;
    this.#running = true;
    try {
      let at = 0;
      for (;;) {
        const next = this.#queue[at];
        if (next === undefined) break;
        at += 1;
        next.handleNext();
      }
    } finally {
      this.#queue.length = 0;
      this.#running = false;
    }
  }
}
