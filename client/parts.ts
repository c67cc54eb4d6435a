/** Operations that are carried out in parts: waits for all of them, and tells what became of each. */
import { splitInternalKey } from "../infra/codec/key-text.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import { PartialFailureError, type PartOutcome } from "./errors.ts";

/** Never rejects for a failure that is expected. */
export async function outcomeOf<Done>(
  group: string,
  keys: readonly string[],
  part: Promise<Done>,
): Promise<PartOutcome<Done>> {
  try {
    return { group, keys, done: await part, failure: undefined };
  } catch (thrown) {
    if (!(thrown instanceof SynodError)) throw thrown;
    return { group, keys, done: undefined, failure: thrown };
  }
}

export function keyTexts(keys: readonly InternalKey[]): string[] {
  return keys.map((key) => splitInternalKey(key).key);
}

/** Throws a `PartialFailureError`, or the one reason for which every part failed without anything done. */
export function requireAll<Done>(what: string, parts: readonly PartOutcome<Done>[]): void {
  const failures = parts.flatMap(({ failure }) => failure ?? []);
  const [first] = failures;
  if (first === undefined) return;
  const allAlike = failures.every(({ code }) => code === first.code);
  const nothingDone =
    failures.length === parts.length && parts.every(({ done }) => done === undefined);
  if (allAlike && nothingDone) throw failures.find(({ outcome }) => outcome === "unknown") ?? first;
  const failed = parts.filter(({ failure }) => failure !== undefined);
  const groups = [...new Set(failed.map(({ group }) => group))].join(", ");
  const message = `${failed.length} of ${parts.length} parts of ${what} failed, in ${groups}: ${first.message}`;
  throw new PartialFailureError(message, parts);
}
