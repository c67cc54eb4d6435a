/**
 * Lists everything in a chart that can be taken out, and rebuilds the chart without it: a transition, the guard of
 * one, an action of one, an action on entry to a state or on exit from it.
 */
import type { AnyStateMachine } from "xstate";

type Config = AnyStateMachine["config"];
type OneOrMany<Element> = Element | readonly Element[] | undefined;

/** Our charts name all their guards and actions. */
interface Arrow {
  readonly guard?: string | (() => boolean);
  readonly actions?: OneOrMany<string>;
}

interface Holder {
  readonly on?: Record<string, OneOrMany<Arrow>>;
  readonly always?: OneOrMany<Arrow>;
  readonly entry?: OneOrMany<string>;
  readonly exit?: OneOrMany<string>;
  readonly states?: Record<string, Holder>;
}

export interface Deletion {
  readonly name: string;
  without(): Config;
}

function asList<Element>(elements: OneOrMany<Element>): readonly Element[] {
  if (elements === undefined) return [];
  return Array.isArray(elements) ? elements : [elements as Element];
}

function without<Element>(elements: readonly Element[], index: number): readonly Element[] {
  return elements.filter((_, at) => at !== index);
}

export function deletionsOf(config: Config): readonly Deletion[] {
  const root = config as Holder;
  const states = Object.entries(root.states ?? {});
  const inStates = states.flatMap(([state, holder]) =>
    inHolder(state, holder, (changed) => ({
      ...root,
      states: { ...root.states, [state]: changed },
    })),
  );
  return [...inHolder("any state", root, (changed) => changed), ...inStates];
}

function inHolder(
  state: string,
  holder: Holder,
  rebuild: (changed: Holder) => Holder,
): readonly Deletion[] {
  const events = Object.entries(holder.on ?? {}).flatMap(([event, arrows]) =>
    inArrows(`${state} on ${event}`, asList(arrows), (changed) =>
      rebuild({ ...holder, on: { ...holder.on, [event]: changed } }),
    ),
  );
  const always = inArrows(`${state} always`, asList(holder.always), (changed) =>
    rebuild({ ...holder, always: changed }),
  );
  const edges = (["entry", "exit"] as const).flatMap((edge) =>
    inActions(`${state} ${edge}`, asList(holder[edge]), (changed) =>
      rebuild({ ...holder, [edge]: changed }),
    ),
  );
  return [...events, ...always, ...edges];
}

/** Alternatives are tried in order: each can go as a whole, lose its guard, or lose an action. */
function inArrows(
  name: string,
  arrows: readonly Arrow[],
  rebuild: (changed: readonly Arrow[]) => Holder,
): readonly Deletion[] {
  return arrows.flatMap((arrow, index) => {
    const numbered = `${name} #${index + 1}`;
    const withArrow = (changed: Arrow): Holder => rebuild(arrows.with(index, changed));
    const parts = inActions(numbered, asList(arrow.actions), (actions) =>
      withArrow({ ...arrow, actions }),
    );
    const whole = { name: numbered, without: () => rebuild(without(arrows, index)) as Config };
    if (typeof arrow.guard !== "string") return [whole, ...parts];
    const free = {
      name: `${numbered} guard ${arrow.guard}`,
      without: () => withArrow({ ...arrow, guard: alwaysTrue() }) as Config,
    };
    return [whole, free, ...parts];
  });
}

/** Gives in at some point, so that a chart that runs in circles without its guard comes to rest. */
function alwaysTrue(): () => boolean {
  let asked = 0;
  return () => (asked += 1) <= 100;
}

function inActions(
  name: string,
  actions: readonly string[],
  rebuild: (changed: readonly string[]) => Holder,
): readonly Deletion[] {
  return actions.map((action, index) => ({
    name: `${name} action ${action}`,
    without: () => rebuild(without(actions, index)) as Config,
  }));
}
