/** Which keys of its ranges a watch is for, where it is not for all of them. */
import type { InternalKey } from "../../kv/state-reader.ts";

export interface KeyFilter {
  /** Equal for filters that let the same keys pass: their watches share the work of filtering. */
  readonly name: string;
  matches(key: InternalKey): boolean;
}
