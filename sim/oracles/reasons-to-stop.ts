/** Nothing that a fault does makes a machine, or what carries out its effects, throw: where one did there is a bug. */
import { Violation } from "../violation.ts";

const bugs = new Set<unknown>(["INVARIANT_FAILED", "INTERNAL_ERROR"]);
/** Said of an actor that threw and was made anew, so that nothing stops. */
const madeAnew = "the region manager failed and is started again";

/** Of what a node writes to its log. */
export function requireFault(
  node: string,
  what: string,
  details: Readonly<Record<string, unknown>>,
): void {
  if (!bugs.has(details["code"]) && what !== madeAnew) return;
  const text = `${node}: ${what} ${JSON.stringify(details)}`;
  throw new Violation("replicas stop only for faults", text);
}
