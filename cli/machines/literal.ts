/** Plain values as source text, laid out as Prettier would. */

const lineLength = 100;

/** `indent` is how far the text's further lines are moved to the right, `used` what stands before it on its first line. */
export function literal(value: unknown, indent = 0, used = 0): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const short = onOneLine(value);
  // The outermost one is never short, so that the files begin alike.
  if (indent > 0 && fits(indent + used + short.length)) return short;
  const margin = " ".repeat(indent + 2);
  const lines = partsOf(value).map(({ before, part }) => {
    const text = literal(part, indent + 2, before.length);
    const apart =
      typeof part === "string" &&
      !fits(margin.length + before.length + text.length) &&
      before !== "";
    return `${margin}${apart ? `${before.trimEnd()}\n${margin}  ` : before}${text},\n`;
  });
  const [open, close] = bracketsOf(value);
  return `${open}\n${lines.join("")}${" ".repeat(indent)}${close}`;
}

function onOneLine(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const parts = partsOf(value).map(({ before, part }) => `${before}${onOneLine(part)}`);
  const [open, close] = bracketsOf(value);
  if (parts.length === 0) return `${open}${close}`;
  const space = Array.isArray(value) ? "" : " ";
  return `${open}${space}${parts.join(", ")}${space}${close}`;
}

function partsOf(value: object): readonly { readonly before: string; readonly part: unknown }[] {
  if (Array.isArray(value)) return value.map((part: unknown) => ({ before: "", part }));
  return Object.entries(value).map(([name, part]: [string, unknown]) => ({
    before: `${nameText(name)}: `,
    part,
  }));
}

function bracketsOf(value: object): readonly [string, string] {
  return Array.isArray(value) ? ["[", "]"] : ["{", "}"];
}

/** With the comma behind it. */
function fits(length: number): boolean {
  return length < lineLength;
}

function nameText(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? name : JSON.stringify(name);
}
