/** An actor in the words of inspection. */
import { errorTable } from "../../infra/errors/error-table.ts";
import type { ActorFailure, InspectedActor } from "../../infra/status/inspection.ts";
import { InvariantViolation } from "../../machines/invariant.ts";
import type { Inspectable } from "../actor.ts";
import { stopReasonOf } from "../stop-reason.ts";

export function viewOf(node: string, actor: Inspectable): InspectedActor {
  const { name, machine, state, status, memory } = actor;
  return {
    id: `${node}/${name}`,
    machine,
    state,
    status,
    ...failurePart(actor.failure),
    contextSummary: memory.toJSON(),
  };
}

/** As a part of an object, because a field that is undefined would be lost on the way. */
export function failurePart(failure: Error | undefined): { readonly failure?: ActorFailure } {
  return failure === undefined ? {} : { failure: failureOf(failure) };
}

/** A message may hold what a user stored: only what is known before anything fails is told. */
function failureOf(failure: Error): ActorFailure {
  const { code } = stopReasonOf(failure);
  const text =
    failure instanceof InvariantViolation
      ? failure.claim
      : `${failure.name}: ${errorTable[code].nextStep}`;
  return { code, text };
}

/** The group an actor belongs to, and its role; `-` for what a node has once. */
export function placeOf(name: string): { readonly group: string; readonly role: string } {
  const slash = name.indexOf("/");
  if (slash < 0) return { group: "-", role: name };
  return { group: name.slice(0, slash), role: name.slice(slash + 1) };
}
