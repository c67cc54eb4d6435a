/** What an event carried, in a few words. Nodes have left out what users stored: counts and sizes stand in its place. */

/** Clocks of the node, which say nothing that the time of the event does not. */
const untold: ReadonlySet<string> = new Set(["type", "nowMs", "wallMs", "asOfMs", "memberWallMs"]);

export function eventDetails(event: Readonly<Record<string, unknown>>): string {
  return Object.entries(event)
    .filter(([name]) => !untold.has(name))
    .map(([name, value]) => `${name} ${textOf(value)}`)
    .join(", ");
}

function textOf(value: unknown): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "object" || value === null) return "none";
  const { epoch, round, node, count, bytes, characters, ...others } = value as Readonly<
    Record<string, unknown>
  >;
  if (typeof epoch === "number" && typeof round === "number") return `${epoch}.${round}`;
  if (typeof bytes === "number") return `${numberText(bytes)} bytes`;
  if (typeof count === "number") return numberText(count);
  if (typeof characters === "number") return `${characters} characters`;
  if (typeof node === "string" && Object.keys(others).length <= 1) return node;
  return `{ ${eventDetails(value as Readonly<Record<string, unknown>>)} }`;
}

/** A whole number with its thousands apart, another one with two digits. */
function numberText(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}
