/**
 * Runs one chart. Most events of a busy node leave its charts where they are: a guard or two are asked, an action is run.
 * For these the engine makes a dozen lists, sets and snapshots, and then finds that nothing has changed. Such an event is
 * handled here, by the chart's own guards and actions and in the same order; all others are the engine's.
 */
import {
  createActor,
  type AnyActorLogic,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  type StateNode,
} from "xstate";

interface Named {
  readonly type: string;
}

interface Arguments {
  readonly context: unknown;
  readonly event: Named;
}

type Guard = (given: Arguments) => boolean;
type Action = (given: Arguments) => void;

interface Choice {
  /** Undefined: it is taken whenever it is met. */
  readonly guard: Guard | undefined;
  /** Undefined: it leads elsewhere. */
  readonly actions: readonly Action[] | undefined;
}

/** What an event can lead to in one state, in the order in which it is looked at. */
interface Way {
  readonly choices: readonly Choice[];
  /** Of the transitions that need no event and are looked at behind every one. */
  readonly afterwards: readonly Guard[];
}

/** No chart knows it; what needs no event is looked at all the same. */
const nothingOfItself = "";

export class ChartInterpreter {
  readonly #machine: AnyStateMachine;
  readonly #engine: ReturnType<typeof createActor<AnyActorLogic>>;
  readonly #failed: (error: unknown) => void;
  /** By state, and within it by event; undefined for what is the engine's in any case. */
  readonly #ways = new Map<unknown, Map<string, Way | undefined>>();

  /** `failed` is called when a guard or an action has thrown; no event is handled any more. */
  constructor(machine: AnyStateMachine, memory: unknown, failed: (error: unknown) => void) {
    this.#machine = machine;
    this.#failed = failed;
    this.#engine = createActor(machine, { input: { memory } });
    this.#engine.subscribe({ error: failed });
  }

  get snapshot(): AnyMachineSnapshot {
    return this.#engine.getSnapshot() as AnyMachineSnapshot;
  }

  start(): void {
    this.#engine.start();
  }

  stop(): void {
    this.#engine.stop();
  }

  send(event: Named): void {
    const { status, value, context } = this.snapshot;
    const way = status === "active" ? this.#way(value, event.type) : undefined;
    if (way === undefined) return this.#engine.send(event);
    const given = { context: context as unknown, event };
    try {
      const choice = way.choices.find(({ guard }) => guard === undefined || guard(given));
      if (choice !== undefined) {
        if (choice.actions === undefined) return this.#engine.send(event);
        for (const action of choice.actions) action(given);
      }
      if (!way.afterwards.some((guard) => guard(given))) return;
    } catch (error) {
      this.#engine.stop();
      return this.#failed(error);
    }
    this.#engine.send({ ...event, type: nothingOfItself });
  }

  #way(state: unknown, event: string): Way | undefined {
    let ways = this.#ways.get(state);
    if (ways === undefined) this.#ways.set(state, (ways = new Map<string, Way | undefined>()));
    if (!ways.has(event)) ways.set(event, this.#findWay(state, event));
    return ways.get(event);
  }

  /** Undefined where the chart has something in it that is not foreseen here. */
  #findWay(state: unknown, event: string): Way | undefined {
    const { root } = this.#machine;
    const node = typeof state === "string" ? root.states[state] : undefined;
    if (node?.type !== "atomic" || isUnusual(node) || isUnusual(root)) return undefined;
    const choices = [...ofEvent(node, event), ...ofEvent(root, event)].map((one) =>
      this.#choice(one),
    );
    const afterwards = (node.always ?? []).map((one) => this.#guard(one));
    if (!choices.every((one) => one !== undefined)) return undefined;
    if (!afterwards.every((guard) => guard !== undefined)) return undefined;
    return { choices, afterwards };
  }

  #choice(transition: AnyTransitionDefinition): Choice | undefined {
    const guard = this.#guard(transition);
    if (guard === undefined && transition.guard !== undefined) return undefined;
    if (transition.target !== undefined) return { guard, actions: undefined };
    const actions = transition.actions.map((action) => this.#action(action));
    return actions.every((action) => action !== undefined) ? { guard, actions } : undefined;
  }

  #guard({ guard }: AnyTransitionDefinition): Guard | undefined {
    if (typeof guard !== "string") return undefined;
    const body: unknown = this.#machine.implementations.guards[guard];
    return typeof body === "function" && !("check" in body) ? (body as Guard) : undefined;
  }

  /** What the engine is to do for the chart is not done here. */
  #action(action: unknown): Action | undefined {
    if (typeof action !== "string") return undefined;
    const body: unknown = this.#machine.implementations.actions[action];
    return typeof body === "function" && !("resolve" in body) ? (body as Action) : undefined;
  }
}

function ofEvent(node: StateNode, event: string): readonly AnyTransitionDefinition[] {
  return node.transitions.get(event) ?? [];
}

/** Events by pattern are looked up otherwise. */
function isUnusual(node: StateNode): boolean {
  if (node.parent === undefined && (node.always ?? []).length > 0) return true;
  return [...node.transitions.keys()].some((descriptor) => descriptor.includes("*"));
}
