/** The keys that clients use: on both sides of every region's bounds, few enough that clients meet each other. */
import { internalKeyOf } from "../../infra/codec/key-text.ts";
import type { InternalKey } from "../../kv/state-reader.ts";

export const keysDefault = 256;
export const keysMax = 1_000;

const initials = ["a", "b", "h", "i", "k", "m", "q", "r", "t", "z"];

/** In order, spread evenly over the initials. */
export function keyNames(count: number): readonly InternalKey[] {
  return Array.from({ length: count }, (_, index) => {
    const at = Math.floor((index * initials.length) / count);
    const first = Math.ceil((at * count) / initials.length);
    const number = String(index - first).padStart(3, "0");
    return internalKeyOf("default", `${initials[at] ?? "z"}${number}`);
  });
}
