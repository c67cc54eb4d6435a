/**
 * What a group's log did with each frame and request in it, held against what sessions and identities are for: each is
 * executed once, by the group it names, above the floor and inside the window.
 */
import { loggedKind, kept, type Frame, type FrameOutcome, type Logged } from "../../kv/frame.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import { sessionLifetime, sessionWindow } from "../../kv/limits.ts";
import { Violation } from "../violation.ts";
import { nameOf } from "../workload/attempts.ts";

/** A frame as it lies in the log, and what applying it came to. */
export interface AppliedFrame {
  readonly frame: Logged;
  readonly slot: number;
  readonly index: number;
  readonly outcome: FrameOutcome;
}

/** A frame that was executed, where it lies. */
export interface Execution extends AppliedFrame {
  readonly results: readonly OperationResult[];
  readonly lastRevision: number;
}

/** In the order of the log. Requests that nothing names are left out: they may be executed more than once. */
export function executionsOf(
  group: string,
  frames: readonly AppliedFrame[],
): ReadonlyMap<string, Execution> {
  const executions = new Map<string, Execution>();
  const floors = new Map<string, number>();
  for (const applied of frames) {
    const { frame, outcome, slot, index } = applied;
    const isFrame = frame.kind === loggedKind.frame;
    const floor = isFrame ? raised(floors, frame) : 0;
    if (outcome.refused || (frame.kind === loggedKind.request && frame.kept === kept.nothing)) {
      continue;
    }
    const name = nameOf(frame);
    const before = executions.get(name);
    const isNew = outcome.slot === slot && outcome.index === index;
    if (!isNew) {
      requireKnown(name, before, outcome);
      continue;
    }
    const at = `${group} at ${slot}/${index}: ${name}`;
    if (before !== undefined) {
      throw new Violation("nothing is executed twice", `${at}, and at ${before.slot} before`);
    }
    if (frame.group !== group) throw new Violation(rules, `${at} is for ${frame.group}`);
    if (isFrame) requireOpen(at, frame, floor, outcome.lastRevision);
    const { results, lastRevision } = outcome;
    executions.set(name, { ...applied, results, lastRevision });
  }
  return executions;
}

const rules = "sessions keep their rules";

/** The highest floor that any frame of the session has told so far. */
function raised(floors: Map<string, number>, { session, floor }: Frame): number {
  const highest = Math.max(floors.get(session) ?? 0, floor);
  floors.set(session, highest);
  return highest;
}

function requireOpen(at: string, frame: Frame, floor: number, lastRevision: number): void {
  const { number, born } = frame;
  if (number <= floor) throw new Violation(rules, `${at} is not above floor ${floor}`);
  if (number > floor + sessionWindow) {
    throw new Violation(rules, `${at} is too far above floor ${floor}`);
  }
  if (lastRevision > born + 2 * sessionLifetime) {
    throw new Violation(rules, `${at} was executed long after its session had ended`);
  }
}

/** A frame that comes again gets the answer of its execution. */
function requireKnown(
  name: string,
  before: Execution | undefined,
  told: { readonly slot: number; readonly index: number },
): void {
  if (before?.slot === told.slot && before.index === told.index) return;
  const text = `${name} was answered as executed at ${told.slot}/${told.index}, it was at ${before?.slot ?? "no place"}`;
  throw new Violation(rules, text);
}
