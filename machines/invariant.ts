/**
 * Assertions that stay on in production. A failed invariant means this replica's memory can no longer be
 * trusted: its supervisor stops it, shows the reason, and never restarts it by itself.
 */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
  /** What did not hold, without the values. */
  readonly claim: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(claim: string, details: Readonly<Record<string, unknown>>) {
    super(`invariant failed: ${claim} ${describe(details)}`);
    this.claim = claim;
    this.details = details;
  }
}

/** Throws `InvariantViolation` unless the claim holds. `details` is only rendered when it fails. */
export function invariant(
  holds: boolean,
  claim: string,
  details: Readonly<Record<string, unknown>> = {},
): asserts holds {
  if (!holds) throw new InvariantViolation(claim, details);
}

/** Narrows away `undefined` where the caller knows a value must exist. */
export function present<Value>(value: Value | undefined, claim: string): Value {
  if (value === undefined) throw new InvariantViolation(claim, {});
  return value;
}

function describe(details: Readonly<Record<string, unknown>>): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(" ");
}
