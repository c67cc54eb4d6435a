/** Lists a chart's transitions and rebuilds the chart without one of them. */
import type { AnyStateMachine } from "xstate";

type Config = AnyStateMachine["config"];
type Transitions = unknown;

interface Holder {
  readonly on?: Record<string, Transitions>;
  readonly always?: Transitions;
  readonly states?: Record<string, Holder>;
}

export interface Transition {
  readonly state: string | undefined;
  /** The event's name; undefined for `always`. */
  readonly event: string | undefined;
  readonly index: number;
  readonly name: string;
}

function asList(transitions: Transitions): readonly unknown[] {
  if (transitions === undefined) return [];
  return Array.isArray(transitions) ? transitions : [transitions];
}

export function transitionsOf(config: Config): readonly Transition[] {
  const root = config as Holder;
  const holders: [string | undefined, Holder][] = [
    [undefined, root],
    ...Object.entries(root.states ?? {}),
  ];
  return holders.flatMap(([state, holder]) => {
    const named = Object.entries(holder.on ?? {}).flatMap(([event, transitions]) =>
      asList(transitions).map((_, index) => ({
        state,
        event,
        index,
        name: `${state ?? "any state"} on ${event} #${index + 1}`,
      })),
    );
    const always = asList(holder.always).map((_, index) => ({
      state,
      event: undefined,
      index,
      name: `${state ?? "any state"} always #${index + 1}`,
    }));
    return [...named, ...always];
  });
}

export function withoutTransition(config: Config, { state, event, index }: Transition): Config {
  const root = config as Holder;
  const cut = (holder: Holder): Holder =>
    event === undefined
      ? { ...holder, always: asList(holder.always).filter((_, at) => at !== index) }
      : {
          ...holder,
          on: {
            ...holder.on,
            [event]: asList(holder.on?.[event]).filter((_, at) => at !== index),
          },
        };
  if (state === undefined) return cut(root) as Config;
  const states = { ...root.states, [state]: cut(root.states?.[state] ?? {}) };
  return { ...root, states } as Config;
}
