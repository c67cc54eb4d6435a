/** What promises come to that only virtual time brings to an end. */

type Until = (what: string, holds: () => boolean) => Promise<void>;

/** `until` lets the world and the promises in it go on until the condition holds. */
export async function outcomeOf<Answer>(promise: Promise<Answer>, until: Until): Promise<Answer> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  await until("the promise is settled", () => settled);
  return promise;
}

/** The failure of a promise that must not succeed. */
export async function failureOf(
  promise: Promise<unknown>,
  until: Until,
): Promise<Error & Record<string, unknown>> {
  let answer: unknown;
  try {
    answer = await outcomeOf(promise, until);
  } catch (failure) {
    return failure as Error & Record<string, unknown>;
  }
  throw new Error(`it succeeded with ${JSON.stringify(answer)}`);
}
