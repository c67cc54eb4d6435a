/** Measures how deep YAML nests before it is parsed: the parser recurses, and deep enough a file ends the process. */
import { CST, Lexer } from "yaml";

/** A topology nests four levels deep. */
const nestingMax = 32;
const indentationMax = 128;

/** These lexemes stand for the start of a document, of a scalar and of an error; they are not in the text. */
const marks = new Set(["\u0002", "\u0018", "\u001f"]);

/** The offset where a file nests deeper than any topology does. Reads tokens one by one, which takes no stack. */
export function offsetOfDeepNesting(text: string): number | undefined {
  let offset = 0;
  let brackets = 0;
  /** Dashes, question marks and colons of one line, each of which may open a level. */
  let indicators = 0;
  let atLineStart = true;
  for (const lexeme of new Lexer().lex(text)) {
    if (marks.has(lexeme)) continue;
    const kind = CST.tokenType(lexeme);
    if (kind === "flow-map-start" || kind === "flow-seq-start") brackets++;
    else if (kind === "flow-map-end" || kind === "flow-seq-end") {
      brackets = Math.max(0, brackets - 1);
    } else if (brackets === 0 && isBlockIndicator(kind)) indicators++;
    const indentation = atLineStart && kind === "space" ? lexeme.length : 0;
    if (Math.max(brackets, indicators) > nestingMax || indentation > indentationMax) return offset;
    offset += lexeme.length;
    atLineStart = lexeme.endsWith("\n");
    if (atLineStart) indicators = 0;
  }
  return undefined;
}

function isBlockIndicator(kind: CST.TokenType | null): boolean {
  return kind === "seq-item-ind" || kind === "explicit-key-ind" || kind === "map-value-ind";
}
