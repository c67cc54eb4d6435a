/**
 * A machine's definition as what a drawing of it shows: states with what they do without leaving, and one arrow for
 * all transitions between the same two states.
 */

/** The part of a machine's literal config that is drawn. */
export interface StateDefinition {
  readonly id?: string | undefined;
  readonly description?: string | undefined;
  readonly type?: string | undefined;
  readonly initial?: unknown;
  readonly entry?: unknown;
  readonly exit?: unknown;
  readonly on?: Readonly<Record<string, unknown>> | undefined;
  readonly always?: unknown;
  readonly states?: Readonly<Record<string, StateDefinition>> | undefined;
}

export interface ChartTransition {
  /** Undefined for a transition that is taken as soon as its guard holds. */
  readonly event: string | undefined;
  /** Among the transitions of this event in the same state, from 0. */
  readonly index: number;
  readonly guard: string | undefined;
  /** Has no guard, and is tried after others that have one. */
  readonly otherwise: boolean;
  readonly actions: readonly string[];
  /** The name of the state entered; undefined when none is left. */
  readonly target: string | undefined;
}

export interface ChartState {
  /** Names from the outermost state to this one, joined by dots. */
  readonly name: string;
  readonly title: string;
  readonly description: string | undefined;
  readonly initial: boolean;
  readonly final: boolean;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** In the order in which they are tried. */
  readonly transitions: readonly ChartTransition[];
  readonly states: readonly ChartState[];
}

export interface ChartArrow {
  /** Undefined: from whatever state the machine is in. */
  readonly from: string | undefined;
  readonly to: string;
  readonly transitions: readonly ChartTransition[];
}

export interface Chart {
  readonly id: string;
  /** Of whatever state the machine is in, unless that state handles the event itself. */
  readonly everywhere: readonly ChartTransition[];
  readonly states: readonly ChartState[];
  /** In the order of the definition; their places are the numbers of the drawing's `transition-<index>`. */
  readonly arrows: readonly ChartArrow[];
}

export function chartOf(definition: StateDefinition): Chart {
  const id = definition.id ?? "machine";
  const everywhere = transitionsOf(definition, "", id);
  const states = statesOf(definition, "", id);
  const arrows = [
    ...arrowsFrom(undefined, everywhere),
    ...allStates(states).flatMap(({ name, transitions }) => arrowsFrom(name, transitions)),
  ];
  return { id, everywhere, states, arrows };
}

/** Outer states before what is in them. */
export function allStates(states: readonly ChartState[]): readonly ChartState[] {
  return states.flatMap((state) => [state, ...allStates(state.states)]);
}

/** What is handled without leaving a state. */
export function staying(transitions: readonly ChartTransition[]): readonly ChartTransition[] {
  return transitions.filter(({ target }) => target === undefined);
}

function statesOf(parent: StateDefinition, path: string, id: string): readonly ChartState[] {
  return Object.entries(parent.states ?? {}).map(([title, state]) => {
    const name = path === "" ? title : `${path}.${title}`;
    return {
      name,
      title,
      description: state.description,
      initial: parent.initial === title,
      final: state.type === "final",
      entry: namesOf(state.entry),
      exit: namesOf(state.exit),
      transitions: transitionsOf(state, name, id),
      states: statesOf(state, name, id),
    };
  });
}

function arrowsFrom(
  from: string | undefined,
  transitions: readonly ChartTransition[],
): readonly ChartArrow[] {
  const byTarget = new Map<string, ChartTransition[]>();
  for (const transition of transitions) {
    if (transition.target === undefined) continue;
    const known = byTarget.get(transition.target);
    if (known === undefined) byTarget.set(transition.target, [transition]);
    else known.push(transition);
  }
  return [...byTarget].map(([to, those]) => ({ from, to, transitions: those }));
}

function transitionsOf(
  state: StateDefinition,
  name: string,
  id: string,
): readonly ChartTransition[] {
  return [
    ...branches(undefined, state.always, name, id),
    ...Object.entries(state.on ?? {}).flatMap(([event, value]) => branches(event, value, name, id)),
  ];
}

function branches(
  event: string | undefined,
  value: unknown,
  name: string,
  id: string,
): readonly ChartTransition[] {
  if (value === undefined) return [];
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return list.map((branch, index) => {
    const { target, guard, actions } = (
      typeof branch === "string" ? { target: branch } : branch
    ) as Readonly<Record<string, unknown>>;
    return {
      event,
      index,
      guard: guard === undefined ? undefined : nameOf(guard),
      otherwise: guard === undefined && list.length > 1,
      actions: namesOf(actions),
      target: typeof target === "string" ? resolve(target, name, id) : undefined,
    };
  });
}

/** `name` is a sibling, `.name` a child, `#id.name` counted from the machine. */
function resolve(target: string, from: string, id: string): string {
  if (target.startsWith(`#${id}.`)) return target.slice(id.length + 2);
  if (target.startsWith(".")) return from === "" ? target.slice(1) : `${from}${target}`;
  const parent = from.split(".").slice(0, -1);
  return [...parent, target].join(".");
}

function namesOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(nameOf) : [nameOf(value)];
}

function nameOf(value: unknown): string {
  if (typeof value === "string") return value;
  const type = (value as { readonly type?: unknown } | null)?.type;
  return typeof type === "string" ? type : "(inline)";
}
