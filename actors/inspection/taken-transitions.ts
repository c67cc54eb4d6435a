/**
 * Which transitions an event took. xstate tells by itself, but only whoever observes its actors, and from the first
 * time anybody does, every event of the process costs a microsecond more for good: so it is asked beforehand what it
 * will choose, which its guards answer without changing anything, and what follows without an event is found in the
 * chart.
 */
import type { AnyStateMachine, AnyTransitionDefinition, StateNode } from "xstate";
import type { TakenTransition } from "../../infra/status/inspection.ts";

/** No chart goes on so long without an event. */
const eventlessMax = 4;

/** Must be asked before the event is handled. Nothing when a guard throws: the machine will meet that by itself. */
export function chosenBy(
  machine: AnyStateMachine,
  snapshot: unknown,
  event: { readonly type: string },
): AnyTransitionDefinition | undefined {
  // One that has come to its end takes nothing any more, though its chart would.
  if ((snapshot as { readonly status: string }).status !== "active") return undefined;
  try {
    return machine.getTransitionData(snapshot as never, event)[0];
  } catch {
    return undefined;
  }
}

/** From the transition that the event chose, if it chose one, to the state that the actor is in behind it. */
export function takenTransitions(
  machine: AnyStateMachine,
  chosen: AnyTransitionDefinition | undefined,
  from: string,
  to: string,
): TakenTransition[] {
  const landing = chosen?.target?.[0];
  const taken = chosen === undefined ? [] : [nameOf(chosen)];
  const reached = landing === undefined ? from : pathOf(landing);
  return reached === to ? taken : [...taken, ...eventless(machine, reached, to)];
}

/** What an actor goes through when it is started. */
export function startingTransitions(machine: AnyStateMachine, to: string): TakenTransition[] {
  const [initial] = machine.root.initial.target as readonly StateNode[];
  const first = initial === undefined ? to : pathOf(initial);
  return first === to ? [] : eventless(machine, first, to);
}

/** The shortest way that needs no event; nothing when there is none. */
function eventless(machine: AnyStateMachine, from: string, to: string): TakenTransition[] {
  let ways: { readonly at: string; readonly taken: readonly AnyTransitionDefinition[] }[] = [
    { at: from, taken: [] },
  ];
  for (let length = 0; length < eventlessMax; length += 1) {
    ways = ways.flatMap(({ at, taken }) =>
      alwaysOf(machine, at).flatMap((transition) => {
        const [target] = transition.target ?? [];
        return target === undefined ? [] : [{ at: pathOf(target), taken: [...taken, transition] }];
      }),
    );
    const arrived = ways.find(({ at }) => at === to);
    if (arrived !== undefined) return arrived.taken.map(nameOf);
  }
  return [];
}

function alwaysOf(machine: AnyStateMachine, state: string): readonly AnyTransitionDefinition[] {
  return machine.root.states[state]?.always ?? [];
}

function nameOf(transition: AnyTransitionDefinition): TakenTransition {
  const { eventType } = transition;
  const source = transition.source as StateNode;
  const alike = eventType === "" ? source.always : source.transitions.get(eventType);
  return { source: pathOf(source), event: eventType, index: alike?.indexOf(transition) ?? -1 };
}

function pathOf({ path }: StateNode): string {
  return path.join(".");
}
