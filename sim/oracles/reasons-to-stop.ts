/**
 * Nothing that a fault does makes a machine, or what carries out its effects, throw: where one did there is a bug. And
 * nobody takes a disk for damaged, lost or copied back that is none of these.
 */
import { Violation } from "../violation.ts";

/** All nodes run one version: bytes that look like another's were damaged, and taken for whole. */
const bugs = new Set<unknown>(["INVARIANT_FAILED", "INTERNAL_ERROR", "INCOMPATIBLE_VERSION"]);
/** What may only be said of a disk that lost something. */
const damages = new Set<unknown>(["CORRUPT_STORE", "LOST_STORE", "RESTORED_STORE"]);
/** Said of an actor that threw and was made anew, so that nothing stops. */
const madeAnew = "the region manager failed and is started again";

/** Of what a node writes to its log; `isHurt`: its disks lost something for good. */
export function requireFault(
  node: string,
  what: string,
  details: Readonly<Record<string, unknown>>,
  isHurt: boolean,
): void {
  const { code } = details;
  const isBug = bugs.has(code) || what === madeAnew || (damages.has(code) && !isHurt);
  if (!isBug) return;
  const text = `${node}: ${what} ${JSON.stringify(details)}`;
  throw new Violation("replicas stop only for faults", text);
}
