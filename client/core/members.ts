/** Whom to ask in one store group: its nodes, which of them leads, and which of them have gone silent. */
import type { ClientLimits } from "./limits.ts";

/** What is known of a node that left something unanswered. */
interface Silence {
  /** Until then it is passed over. */
  readonly untilMs: number;
  /** From then on whoever says that it leads has heard of it since. */
  readonly refutableFromMs: number;
}

export class Members {
  readonly #limits: Pick<ClientLimits, "silenceMs" | "routeLagMsMax">;
  #nodes: readonly string[] = [];
  /** As far as is known; always one of the nodes. */
  #leader: string | undefined;
  /** Where the turn of the nodes stands. */
  #turn: number;
  readonly #silences = new Map<string, Silence>();

  /** `turn` says which node is asked first, so that not all clients ask the same. */
  constructor(limits: Pick<ClientLimits, "silenceMs" | "routeLagMsMax">, turn: number) {
    this.#limits = limits;
    this.#turn = turn;
  }

  get nodes(): readonly string[] {
    return this.#nodes;
  }

  get leader(): string | undefined {
    return this.#leader;
  }

  /**
   * What a route says. A node that just left us without an answer is not believed to lead as long as the word may be older
   * than that; later it leads after all, and was perhaps only to pass something on to the dead.
   */
  adopt(nodes: readonly string[], leader: string | undefined, nowMs: number): void {
    this.#nodes = nodes;
    if (this.#leader !== undefined && !nodes.includes(this.#leader)) this.#leader = undefined;
    if (leader === undefined || !nodes.includes(leader)) return;
    if (nowMs >= (this.#silences.get(leader)?.refutableFromMs ?? 0)) this.believe(leader);
  }

  /** A node named this one as the leader. False when it is none of the group's: nothing is sent to a made-up name. */
  believe(node: string): boolean {
    if (!this.#nodes.includes(node)) return false;
    this.#silences.delete(node);
    this.#leader = node;
    return true;
  }

  /** The node said that it does not lead, or cannot. */
  doubt(node: string): void {
    if (this.#leader === node) this.#leader = undefined;
  }

  /** The node left unanswered what it was sent at `sentMs`, as the leader or as one that was to pass it on. */
  suspect(node: string, asLeader: boolean, sentMs: number, nowMs: number): void {
    const { silenceMs, routeLagMsMax } = this.#limits;
    this.doubt(node);
    // Whoever was only to pass it on may be well, and lead next: then it was the leader before that is silent.
    const refutableFromMs = asLeader ? sentMs + routeLagMsMax : nowMs;
    this.#silences.set(node, { untilMs: nowMs + silenceMs, refutableFromMs });
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
    return (this.#silences.get(node)?.untilMs ?? 0) > nowMs;
  }
}
