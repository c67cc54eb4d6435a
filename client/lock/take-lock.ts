/** From a lock's name and options to the lock. */
import { splitInternalKey } from "../../infra/codec/key-text.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Caller } from "../caller.ts";
import type { Value } from "../input.ts";
import { ttlMsOf, wholeNumber } from "../options.ts";
import { Acquisition } from "./acquire.ts";
import { HeldKey } from "./held-key.ts";
import { Lock, type LockOptions } from "./lock.ts";

const defaultTtlMs = 10_000;
/** Below it, renewals would come too close to each other and to the end. */
const ttlMsMin = 1_000;

/** Throws `BAD_REQUEST`. */
export function lifeOf(ttlMs = defaultTtlMs): number {
  return ttlMsOf(wholeNumber("ttlMs of a lock", ttlMs, ttlMsMin));
}

export async function takeLock(
  caller: Caller,
  key: InternalKey,
  options: LockOptions,
  stored: (value: Value) => Value,
): Promise<Lock> {
  const { ttlMs, value } = options;
  const held = new HeldKey(caller, key, lifeOf(ttlMs), value === undefined ? value : stored(value));
  return new Lock(splitInternalKey(key).key, await new Acquisition(held, options).run());
}
