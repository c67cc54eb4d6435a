/** Accounts whose sum never changes, and a place beside them that is filled and cleared: keys of their own, in one group. */
import { internalKeyOf } from "../../infra/codec/key-text.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import {
  expectNothing,
  operationKind,
  type DeleteRange,
  type Get,
  type Increment,
  type KeyRange,
  type Put,
  type Range,
  type Transaction,
} from "../../kv/commands/operation.ts";
import { newest, type Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";

/** No other client of a run has keys there. */
const bucket = "bank-of-the-simulator";

/** All of them begin with nothing, so that their sum is 0. */
export const accounts: readonly InternalKey[] = ["a1", "a2", "a3", "a4", "a5"].map((name) =>
  internalKeyOf(bucket, name),
);
export const accountRange: KeyRange = {
  start: internalKeyOf(bucket, "a"),
  end: internalKeyOf(bucket, "b"),
};

const places = 8;
export const scratchRange: KeyRange = {
  start: internalKeyOf(bucket, "s"),
  end: internalKeyOf(bucket, "t"),
};

/** Takes from one account what it gives to another; sometimes it looks at all of them, too. */
export function transfer(randomness: SeededRandomness, looks: boolean): Transaction {
  const from = randomness.below(accounts.length);
  const to = (from + 1 + randomness.below(accounts.length - 1)) % accounts.length;
  const amount = 1 + randomness.below(9);
  const gets = looks ? lookups() : [];
  return {
    kind: operationKind.transaction,
    checks: [],
    operations: [...gets, add(accounts[from], -amount), add(accounts[to], amount)],
  };
}

function add(key: InternalKey | undefined, delta: number): Increment {
  return { kind: operationKind.increment, key: key ?? "", delta };
}

/** One page of the accounts; 0 = all of them at once. */
export function audit(
  limit: number,
  reverse: boolean,
  cursor: InternalKey | undefined,
  at: Revision = newest,
): Range {
  const { range: kind } = operationKind;
  return { kind, ...accountRange, limit, reverse, keysOnly: false, at, cursor };
}

/** Which accounts there are. */
export function accountNames(): Range {
  return { ...audit(0, false, undefined), keysOnly: true };
}

/** Each account by itself. */
export function lookups(): readonly Get[] {
  return accounts.map((key) => ({ kind: operationKind.get, key, at: newest }));
}

/** Writes the whole place, with values that nobody else writes. */
export function fill(owner: string, turn: number): Transaction {
  const operations = Array.from({ length: places }, (_, place): Put => {
    const key = internalKeyOf(bucket, `s${place}`);
    const source = Buffer.from(`${owner}:${turn}:${place}`);
    const { put: kind } = operationKind;
    const window = { source, start: 0, end: source.length };
    return { kind, key, ...window, ttlMs: 0, expectation: expectNothing };
  });
  return { kind: operationKind.transaction, checks: [], operations };
}

export function clear(limit: number, cursor: InternalKey | undefined): DeleteRange {
  return { kind: operationKind.deleteRange, ...scratchRange, limit, cursor };
}
