/** One node as its messages show it: its actors, and whether anything that it said was missed. */
import type {
  ChartDefinition,
  InspectedActor,
  InspectionAnswer,
  InspectionEvent,
  InspectionHead,
} from "../../infra/status/inspection.ts";

export class NodeView {
  readonly node: string;
  readonly machines = new Map<string, ChartDefinition>();
  /** Nothing was heard of it for a while. */
  gone = false;
  heardMs = 0;
  /** It was heard beside its answers: whoever looks may listen to it. */
  tells = false;
  #start = 0;
  #sequence = 0;
  #actors = new Map<string, InspectedActor>();
  /** The parts of an answer that is not complete yet. */
  #parts: (InspectionAnswer | undefined)[] = [];

  constructor(node: string) {
    this.node = node;
  }

  get start(): number {
    return this.#start;
  }

  get actors(): readonly InspectedActor[] {
    return [...this.#actors.values()];
  }

  /** It never answered yet. */
  get isUnknown(): boolean {
    return this.#actors.size === 0;
  }

  /** The chart of every actor is known. */
  get hasCharts(): boolean {
    return this.actors.every(({ machine }) => this.machines.has(machine));
  }

  /** Answers true when the answer is complete and shows other actors than were known, or another start. */
  answered(part: InspectionAnswer): boolean {
    for (const [id, chart] of Object.entries(part.machines ?? {})) this.machines.set(id, chart);
    if (part.start === this.#start && part.sequence < this.#sequence) return false;
    const [first] = this.#parts.filter((known) => known !== undefined);
    const belongsTo = first?.start === part.start && first.sequence === part.sequence;
    if (!belongsTo || first.parts !== part.parts) this.#parts = [];
    this.#parts[part.part - 1] = part;
    const parts = this.#parts.filter((known) => known !== undefined);
    if (parts.length < part.parts) return false;
    this.#parts = [];
    return this.#take(
      part,
      parts.flatMap(({ actors }) => actors),
    );
  }

  /** What came before `message` was not all heard, or it is of another start or of an actor that is not known. */
  misses(message: InspectionHead | InspectionEvent): boolean {
    const { start, sequence } = message;
    const isEvent = "actor" in message;
    if (isEvent && !this.#actors.has(message.actor)) return true;
    return start !== this.#start || sequence > this.#sequence + (isEvent ? 1 : 0);
  }

  /** Answers false for what is old, or does not concern a known actor. */
  happened(event: InspectionEvent): boolean {
    const { actor: id, machine, status, to, memory, failure } = event;
    if (event.start !== this.#start || event.sequence <= this.#sequence) return false;
    this.#sequence = event.sequence;
    if (!this.#actors.has(id)) return false;
    const failing = failure === undefined ? {} : { failure };
    this.#actors.set(id, { id, machine, state: to, status, ...failing, contextSummary: memory });
    return true;
  }

  #take({ start, sequence }: InspectionHead, actors: readonly InspectedActor[]): boolean {
    const isSame =
      start === this.#start &&
      sequence === this.#sequence &&
      actors.length === this.#actors.size &&
      actors.every(({ id }) => this.#actors.has(id));
    this.#start = start;
    this.#sequence = sequence;
    this.#actors = new Map(actors.map((actor) => [actor.id, actor]));
    return !isSame;
  }
}
