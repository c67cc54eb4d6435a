/**
 * The search for an order takes time that grows with what happens at once, so of a key that is used very much only the
 * beginning is searched. What is left out may have influenced what goes on at the cut: so that proves nothing any more.
 */
import type { Effect, RegisterOperation } from "./register.ts";

/** The first of the operations by the time they began; all of them when there are no more. */
export function earliestOperations(
  operations: readonly RegisterOperation[],
  countMax: number,
): readonly RegisterOperation[] {
  if (operations.length <= countMax) return operations;
  const sorted = operations.toSorted((left, right) => left.invokedMs - right.invokedMs);
  const cutMs = sorted[countMax]?.invokedMs ?? Infinity;
  return sorted
    .filter(({ invokedMs }) => invokedMs < cutMs)
    .flatMap((operation) => (operation.returnedMs < cutMs ? operation : underWay(operation)));
}

/** It may have taken effect before the cut or not; nobody had been told by then. */
function underWay(operation: RegisterOperation): readonly RegisterOperation[] {
  const effect = untold(operation.effect);
  return effect === undefined ? [] : [{ ...operation, effect, returnedMs: Infinity }];
}

/** Undefined of what changes nothing. */
function untold(effect: Effect): Effect | undefined {
  if (effect.kind === "see") return undefined;
  if (effect.kind === "remove") return { ...effect, existed: undefined };
  return effect.kind === "add" ? { ...effect, sum: undefined } : effect;
}
