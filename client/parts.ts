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

/** Throws the failure of the only part as it is, unless some of it was done; otherwise a `PartialFailureError`. */
export function requireAll<Done>(what: string, parts: readonly PartOutcome<Done>[]): void {
  const failed = parts.filter(({ failure }) => failure !== undefined);
  const [first] = failed;
  if (first?.failure === undefined) return;
  if (parts.length === 1 && first.done === undefined) throw first.failure;
  const groups = [...new Set(failed.map(({ group }) => group))].join(", ");
  const message = `${failed.length} of ${parts.length} parts of ${what} failed, in ${groups}: ${first.failure.message}`;
  throw new PartialFailureError(message, parts);
}
