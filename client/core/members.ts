/** Whom to ask in one store group: its nodes, which of them leads, and which of them have gone silent. */
export class Members {
  readonly #silenceMs: number;
  #nodes: readonly string[] = [];
  /** As far as is known; always one of the nodes. */
  #leader: string | undefined;
  /** Where the turn of the nodes stands. */
  #turn: number;
  /** Until when a node that left something unanswered is passed over. */
  readonly #silentUntilMs = new Map<string, number>();

  /** `turn` says which node is asked first, so that not all clients ask the same. */
  constructor(silenceMs: number, turn: number) {
    this.#silenceMs = silenceMs;
    this.#turn = turn;
  }

  get nodes(): readonly string[] {
    return this.#nodes;
  }

  get leader(): string | undefined {
    return this.#leader;
  }

  /** What a route says. A node that just left us without an answer is not believed to lead: the word may be old. */
  adopt(nodes: readonly string[], leader: string | undefined, nowMs: number): void {
    this.#nodes = nodes;
    if (this.#leader !== undefined && !nodes.includes(this.#leader)) this.#leader = undefined;
    if (leader === undefined || !nodes.includes(leader) || this.#isSilent(leader, nowMs)) return;
    this.#leader = leader;
  }

  /** A node named this one as the leader. False when it is none of the group's: nothing is sent to a made-up name. */
  believe(node: string): boolean {
    if (!this.#nodes.includes(node)) return false;
    this.#silentUntilMs.delete(node);
    this.#leader = node;
    return true;
  }

  /** The node said that it does not lead, or cannot. */
  doubt(node: string): void {
    if (this.#leader === node) this.#leader = undefined;
  }

  /** The node left something unanswered. */
  suspect(node: string, nowMs: number): void {
    this.doubt(node);
    this.#silentUntilMs.set(node, nowMs + this.#silenceMs);
  }

  /** The leader, or else somebody who will pass things on to it. */
  leaderOrNext(nowMs: number): string | undefined {
    return this.#leader ?? this.next(nowMs);
  }

  /** The nodes in turn, silent ones only when all are. */
  next(nowMs: number): string | undefined {
    const count = this.#nodes.length;
    for (let step = 0; step < count; step++) {
      const node = this.#nodes[(this.#turn + step) % count] as string;
      if (this.#isSilent(node, nowMs)) continue;
      this.#turn += step + 1;
      return node;
    }
    return this.#nodes[this.#turn++ % Math.max(1, count)];
  }

  #isSilent(node: string, nowMs: number): boolean {
    return (this.#silentUntilMs.get(node) ?? 0) > nowMs;
  }
}
