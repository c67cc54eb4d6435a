/** Ends a node at a chosen point: right before or right after something leaves it. */
export interface TrapOptions {
  /** What springs it: the type of a message to peers, or `answer` to a client. */
  readonly catches: (what: string) => boolean;
  /** So many of them pass before. */
  readonly skips: number;
  readonly when: "before" | "after";
  readonly spring: () => void;
}

export class Trap {
  readonly #options: TrapOptions;
  #skips: number;
  #state: "armed" | "closing" | "sprung" = "armed";

  constructor(options: TrapOptions) {
    this.#options = options;
    this.#skips = options.skips;
  }

  /** Something is about to leave. */
  leaves(what: string): void {
    if (this.#state !== "armed" || !this.#options.catches(what)) return;
    this.#skips -= 1;
    if (this.#skips >= 0) return;
    if (this.#options.when === "after") this.#state = "closing";
    else this.#spring();
  }

  /** What was about to leave has left. */
  left(): void {
    if (this.#state === "closing") this.#spring();
  }

  #spring(): void {
    this.#state = "sprung";
    this.#options.spring();
  }
}
