/** What nodes say of their actors, as it comes in: taken only when it has the shape it must have. */
import type {
  InspectionAnswer,
  InspectionEvent,
  InspectionHead,
} from "../../infra/status/inspection.ts";

/** No node has so many actors that its answer needs more. */
const partsMax = 10_000;

/** Undefined for what is not an answer to `inspect`, as from a node of another version. */
export function answerFrom(payload: Uint8Array): InspectionAnswer | undefined {
  const said = objectFrom(payload);
  if (said === undefined || !isHead(said)) return undefined;
  const { part, parts, actors, machines = {} } = said as Partial<InspectionAnswer>;
  const isWhole =
    isCount(parts, partsMax) &&
    isCount(part, parts) &&
    Array.isArray(actors) &&
    actors.every(isActor) &&
    isObject(machines) &&
    Object.values(machines).every(isObject);
  return isWhole ? (said as InspectionAnswer) : undefined;
}

/** `subject` says who speaks, because only that is proved; what else is said in another's name is dropped. */
export function eventFrom(
  subject: string,
  payload: Uint8Array,
): InspectionEvent | InspectionHead | undefined {
  const [, , node, , role] = subject.split(".");
  const said = objectFrom(payload);
  if (said === undefined || !isHead(said) || said.node !== node) return undefined;
  if (role === "pulse") return said;
  return isEvent(said) ? said : undefined;
}

export function isEvent(said: InspectionHead): said is InspectionEvent {
  const { actor, machine, status, event, from, to, passed, transitions, memory, skipped, atMs } =
    said as Partial<InspectionEvent>;
  return (
    [actor, machine, status, from, to, event?.type].every((text) => typeof text === "string") &&
    Array.isArray(passed) &&
    Array.isArray(transitions) &&
    isObject(memory) &&
    typeof skipped === "number" &&
    typeof atMs === "number"
  );
}

function objectFrom(payload: Uint8Array): object | undefined {
  try {
    const said: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    return isObject(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

function isHead(said: object): said is InspectionHead {
  const { node, start, sequence } = said as Partial<InspectionHead>;
  return typeof node === "string" && typeof start === "number" && typeof sequence === "number";
}

function isActor(said: unknown): boolean {
  if (!isObject(said)) return false;
  const { id, machine, state, status, contextSummary } = said as Readonly<Record<string, unknown>>;
  return (
    [id, machine, state, status].every((text) => typeof text === "string") &&
    isObject(contextSummary)
  );
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= most;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
