/**
 * A machine as one file that needs nothing but xstate: it opens in Stately's editor, and runs. Its guards and actions
 * have names and no bodies, for their bodies work on memory that only a node has.
 */
import type { MachineDefinition } from "./machine-charts.ts";
import { literal } from "./literal.ts";

export function editorFile(definition: MachineDefinition): string {
  const names = new Names();
  names.readState(definition);
  const events = [...names.events].map((event) => `      | { type: ${JSON.stringify(event)} }`);
  return `// The chart of Synod's ${definition.id}. Guards and actions are named; their bodies are left out.
import { setup } from "xstate";

export const ${variableName(definition.id)} = setup({
  types: {
    events: {} as
${events.join("\n")},
  },
  guards: {
${[...names.guards].map((name) => `    ${name}: () => false,\n`).join("")}  },
  actions: {
${[...names.actions].map((name) => `    ${name}: () => {},\n`).join("")}  },
}).createMachine(${literal(definition)});
`;
}

/** `region-manager` becomes `regionManagerMachine`. */
function variableName(id: string): string {
  return `${id.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Machine`;
}

/** Everything in a definition that has a name, in order of appearance. */
class Names {
  readonly events = new Set<string>();
  readonly guards = new Set<string>();
  readonly actions = new Set<string>();

  readState(state: Readonly<Record<string, unknown>>): void {
    this.#readActions(state["entry"]);
    this.#readTransitions(state["always"]);
    for (const [event, transitions] of Object.entries(state["on"] ?? {})) {
      this.events.add(event);
      this.#readTransitions(transitions);
    }
    this.#readActions(state["exit"]);
    for (const child of Object.values(state["states"] ?? {})) {
      this.readState(child as Readonly<Record<string, unknown>>);
    }
  }

  #readTransitions(transitions: unknown): void {
    for (const transition of listOf(transitions)) {
      if (typeof transition !== "object" || transition === null) continue;
      const { guard, actions } = transition as Readonly<Record<string, unknown>>;
      if (typeof guard === "string") this.guards.add(guard);
      this.#readActions(actions);
    }
  }

  #readActions(actions: unknown): void {
    for (const action of listOf(actions)) {
      if (typeof action === "string") this.actions.add(action);
    }
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}
