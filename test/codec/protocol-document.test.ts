/** The message table of docs/protocol.md is what is spoken: every type, its number, its elements and their types. */
import { readFileSync } from "node:fs";
import { Packr } from "msgpackr";
import { expect, test } from "vitest";
import { encodePeerMessage } from "../../infra/codec/peer-codec.ts";
import { envelope, messages } from "./support/peer-samples.ts";

const document = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");

interface Row {
  readonly type: number;
  readonly name: string;
  readonly body: readonly string[];
}

function splitOutsideBrackets(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const character of text) {
    if (character === "[") depth += 1;
    if (character === "]") depth -= 1;
    if (character === "," && depth === 0) {
      parts.push(part.trim());
      part = "";
    } else part += character;
  }
  return [...parts, part.trim()].filter((named) => named !== "");
}

const rows: readonly Row[] = [
  ...document.matchAll(/^\| (\d+) +\| `(\w+)` +\| [^|]+\|([^|]*)\|$/gm),
].map(([, type, name, body]) => ({
  type: Number(type),
  name: name ?? "",
  body: splitOutsideBrackets(body ?? ""),
}));

function fits(described: string, value: unknown): boolean {
  if (described.startsWith("[")) return Array.isArray(value);
  const [, type = "uint"] = described.split(": ");
  if (type.endsWith("?") && value === null) return true;
  switch (type.replace("?", "")) {
    case "uint":
      return Number.isSafeInteger(value) && Number(value) >= 0;
    case "float":
      return typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    case "str":
      return typeof value === "string";
    case "bin":
      return value instanceof Uint8Array;
    case "ballot":
      return Array.isArray(value) && value.length === 3;
    case "birth":
      return Array.isArray(value) && value.length === 12;
    case "map":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return false;
  }
}

test("every type of message is in the table once, and nothing else", () => {
  const spoken = [...new Set(messages.map(({ type }) => type))].sort();
  expect(rows.map(({ name }) => name).sort()).toEqual(spoken);
});

for (const message of messages) {
  test(`${message.type} has the number and the elements that the table says`, () => {
    const packr = new Packr({ useRecords: false, int64AsType: "number" });
    const packet = packr.unpack(encodePeerMessage(envelope, message)) as unknown[];
    const body = packet[8] as unknown[];
    const row = rows.find(({ name }) => name === message.type);
    expect(packet[1]).toBe(row?.type);
    expect(body.length).toBe(row?.body.length);
    const wrong = row?.body.filter((described, at) => !fits(described, body[at]));
    expect(wrong).toEqual([]);
  });
}
