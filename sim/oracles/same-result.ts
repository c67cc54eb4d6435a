/** Whether two results say the same, values included, whatever bytes their values are windows onto. */
import type { OperationResult } from "../../kv/commands/result.ts";

interface Window {
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export function isSameResult(one: OperationResult, other: OperationResult): boolean {
  return isSame(one, other);
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object") return false;
  if (one === null || other === null) return false;
  if (isWindow(one) && isWindow(other)) return isSameWindow(one, other);
  const left = one as Readonly<Record<string, unknown>>;
  const right = other as Readonly<Record<string, unknown>>;
  // A field that is undefined is one that is not there.
  for (const name in left) if (!isSame(left[name], right[name])) return false;
  for (const name in right) if (left[name] === undefined && right[name] !== undefined) return false;
  return true;
}

function isWindow(value: object): value is Window {
  return "source" in value && value.source instanceof Uint8Array;
}

function isSameWindow(one: Window, other: Window): boolean {
  const { source, start, end, ...rest } = one;
  const { source: otherSource, start: otherStart, end: otherEnd, ...otherRest } = other;
  if (end - start !== otherEnd - otherStart || !isSame(rest, otherRest)) return false;
  for (let at = 0; at < end - start; at++) {
    if (source[start + at] !== otherSource[otherStart + at]) return false;
  }
  return true;
}
