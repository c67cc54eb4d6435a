/**
 * What of an event may be seen by whoever looks at a node: its shape. Numbers and truth values are shown, texts only
 * where the field says that the system itself wrote them; bytes, lists and everything else become counts and sizes.
 */

/** Fields whose texts name nodes, groups and kinds of messages. */
const ownNames: ReadonlySet<string> = new Set([
  "type",
  "name",
  "node",
  "group",
  "leader",
  "code",
  "kind",
  "state",
]);

const depthMax = 3;

export type Redacted = Readonly<Record<string, unknown>> & { readonly type: string };

export function redactEvent(event: { readonly type: string }): Redacted {
  return { ...redactObject(event, 0), type: event.type };
}

function redactObject(object: object, depth: number): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(object)) shown[field] = redact(field, value, depth);
  return shown;
}

function redact(field: string, value: unknown, depth: number): unknown {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "string") {
    return ownNames.has(field) ? value : { characters: value.length };
  }
  if (value instanceof Uint8Array) return { bytes: value.length };
  if (Array.isArray(value)) return sizeOf(value);
  if (value instanceof Map || value instanceof Set) return { count: value.size };
  if (typeof value !== "object") return undefined;
  return depth < depthMax ? redactObject(value, depth + 1) : {};
}

function sizeOf(list: readonly unknown[]): Record<string, unknown> {
  const [first] = list;
  const last = list.at(-1);
  if (typeof first === "number" && typeof last === "number") {
    return { count: list.length, first, last };
  }
  const bytes = list.reduce<number>((sum, one) => sum + bytesIn(one), 0);
  return bytes === 0 ? { count: list.length } : { count: list.length, bytes };
}

/** As in a list of entries, or of records that hold one each. */
function bytesIn(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  const { entry } = (value ?? {}) as { readonly entry?: unknown };
  return entry instanceof Uint8Array ? entry.length : 0;
}
