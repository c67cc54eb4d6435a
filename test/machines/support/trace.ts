/**
 * Runs a chart through a text trace: events, `----`, and what the chart did about them. A trace opens with the
 * sentence it proves, as a comment, and a line that sets the role up. What events marked `given` lead to is the
 * business of other traces.
 */
import { createActor, type AnyStateMachine } from "xstate";
import { ChartInterpreter } from "../../../actors/chart-interpreter.ts";
import { entryOf, memberOf, parseValue, renderEffect } from "./notation.ts";
import { roles, sampleBirth, storeBefore, type Fields, type Role, type RoleName } from "./roles.ts";

interface Step {
  readonly commands: readonly string[];
  readonly expected: readonly string[];
}

export interface Trace {
  readonly claim: string;
  readonly header: readonly string[];
  readonly setup: string;
  readonly steps: readonly Step[];
}

export function parseTrace(text: string): Trace {
  const lines = text.trimEnd().split("\n");
  const header = lines.slice(
    0,
    lines.findIndex((line) => line !== "" && !line.startsWith("#")),
  );
  const [setup = "", ...rest] = lines.slice(header.length);
  const steps: Step[] = [];
  let commands: string[] = [];
  let expected: string[] | undefined;
  const flush = (): void => {
    if (commands.length > 0) steps.push({ commands, expected: expected ?? [] });
    commands = [];
    expected = undefined;
  };
  for (const line of [...rest, ""]) {
    if (line === "") flush();
    else if (line === "----") expected = [];
    else (expected ?? commands).push(line);
  }
  const claim = header
    .map((line) => line.replace(/^# ?/, ""))
    .join(" ")
    .trim();
  return { claim, header, setup, steps };
}

export function renderTrace(trace: Trace): string {
  const steps = trace.steps.map(({ commands, expected }) =>
    [...commands, "----", ...expected].join("\n"),
  );
  return `${[...trace.header, trace.setup].join("\n")}\n\n${steps.join("\n\n")}\n`;
}

export function fieldsOf(words: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf("=");
      return [word.slice(0, at), parseValue(word.slice(at + 1))];
    }),
  );
}

interface Running {
  readonly snapshot: { readonly status: string; readonly value: unknown; readonly error?: unknown };
  start(): void;
  send(event: { readonly type: string }): void;
}

type Run = (machine: AnyStateMachine, memory: unknown, failed: (error: unknown) => void) => Running;

/** By xstate alone. */
const byEngine: Run = (machine, memory, failed) => {
  const actor = createActor(machine, { input: { memory } });
  actor.subscribe({ error: failed });
  return {
    get snapshot() {
      return actor.getSnapshot() as Running["snapshot"];
    },
    start: () => void actor.start(),
    send: (event) => actor.send(event),
  };
};

/** As in a node. */
export const asHosted: Run = (machine, memory, failed) =>
  new ChartInterpreter(machine, memory, failed);

/** Runs the trace against the role's machine, or a changed one, and gives the trace with what really happened. */
export function runTrace(trace: Trace, machine?: AnyStateMachine, run: Run = byEngine): Trace {
  const [name = "", ...words] = trace.setup.split(/\s+/);
  const role: Role | undefined = roles[name as RoleName];
  if (role === undefined) throw new Error(`no role is called ${name}`);
  const memory = role.memory(fieldsOf(words));
  let nowMs = 0;
  let failure: unknown;
  const actor = run(machine ?? role.logic, memory, (error) => (failure = error));
  let state = "";
  const observe = (): string[] => {
    const lines = memory.outbox.splice(0).map(renderEffect);
    const { snapshot } = actor;
    failure ??= snapshot.error;
    if (failure !== undefined) return [...lines, `!! ${(failure as Error).message}`];
    if (snapshot.value !== state) lines.push(`=> ${String(snapshot.value)}`);
    state = String(snapshot.value);
    return lines;
  };
  const steps = trace.steps.map(({ commands }) => {
    const actual: string[] = [];
    for (const command of commands) {
      const given = command.startsWith("given ");
      const [verb = "", ...rest] = command.replace(/^given /, "").split(/\s+/);
      if (verb === "start") actor.start();
      else if (verb === "at") nowMs = Number(rest[0]);
      else {
        const fields = fieldsOf(rest);
        storeBefore(memory, fields);
        if (typeof fields["from"] === "string") {
          const node = fields["from"];
          fields["from"] = { node, member: memberOf(node) };
          if (verb === "birthAnswer") fields["member"] ??= memberOf(node);
        }
        if (typeof fields["entry"] === "string") fields["entry"] = entryOf(fields["entry"]);
        if (Array.isArray(fields["entries"])) fields["entries"] = fields["entries"].map(entryOf);
        if (typeof fields["birth"] === "object")
          fields["birth"] = sampleBirth(fields["birth"] as Fields);
        const event = {
          type: verb,
          nowMs,
          wallMs: 1_000_000 + nowMs,
          ...role.fill?.(verb),
          ...fields,
        };
        actor.send(event);
      }
      const observed = observe();
      if (!given || failure !== undefined) actual.push(...observed);
    }
    return { commands, expected: actual };
  });
  return { ...trace, steps };
}
