/** Any bytes as one line of text that a terminal shows as it is. */
import { bytesOf } from "../../infra/codec/key-text.ts";

/** What a terminal would obey instead of showing, or what would end the line. */
const unprintable = /\p{C}|\p{Zl}|\p{Zp}/gu;
const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Undefined when the bytes are no UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A backslash is doubled, and what does not print is written `\n`, `\r`, `\t` or `\xNN`, byte for byte. */
export function visibleText(bytes: Uint8Array): string {
  const text = textOf(bytes);
  if (text === undefined) {
    const characters = Buffer.from(bytes).toString("latin1").replaceAll("\\", "\\\\");
    return characters.replaceAll(
      /[^ -~]/g,
      (character) => named[character] ?? escaped(bytesOf(character)),
    );
  }
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll(unprintable, (character) => named[character] ?? escaped(Buffer.from(character)));
}

function escaped(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

/** Whether a terminal can be given the bytes as they are. */
export function isPrintable(bytes: Uint8Array): boolean {
  const text = textOf(bytes);
  return text !== undefined && !/\p{C}/u.test(text.replaceAll(/[\n\r\t]/g, ""));
}
