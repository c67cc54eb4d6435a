/** Why a write failed: a commit of the `lmdb` package, or another. */
import { SynodError } from "../errors/synod-error.ts";

const reasonMsMax = 200;

/**
 * The package rejects a write without its reason, and tells that on a promise of its own. Nobody else listens to it,
 * and its rejection would end the process: a node with a broken disk has to stay up and say so.
 */
export async function commitFailure(rejection: unknown): Promise<SynodError> {
  const cause = await reasonOf(rejection);
  if (cause instanceof SynodError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new SynodError("STORAGE_FAILED", `the log could not be written: ${text}`, { cause });
}

/** Listens to all that a write may reject with, for a write whose promise is dropped or lost in a race. */
export function heard<Value>(write: Promise<Value>): Promise<Value> {
  write.catch((rejection: unknown) => reasonOf(rejection));
  return write;
}

function reasonOf(rejection: unknown): Promise<unknown> {
  const { commitError } = rejection as { readonly commitError?: Promise<never> };
  if (commitError === undefined) return Promise.resolve(rejection);
  return new Promise((resolve) => {
    commitError.then(() => resolve(rejection), resolve);
    // The reason comes a little later than the rejection, and sometimes never.
    setTimeout(() => resolve(rejection), reasonMsMax);
  });
}
