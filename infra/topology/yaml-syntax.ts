/**
 * Parses YAML as far as a topology needs it, and refuses what it does not need: anchors, aliases and tags are
 * ways to make a small file mean something huge or strange.
 */
import { isAlias, parseDocument, visit } from "yaml";
import type { ParsedNode, YAMLParseError } from "yaml";
import type { TextPositions } from "./text-positions.ts";
import { TopologyError, type TopologyProblem } from "./topology-error.ts";
import { offsetOfDeepNesting } from "./yaml-nesting.ts";

/** The root of the document, null when there is nothing in it. Throws `TopologyError` with every problem of syntax. */
export function parseYaml(
  text: string,
  positions: TextPositions,
  fileName: string,
): ParsedNode | null {
  const deepAt = offsetOfDeepNesting(text);
  if (deepAt !== undefined) {
    throw new TopologyError(fileName, [
      {
        ...positions.at(deepAt),
        message: "the YAML nests too deeply here",
        fix: "a topology needs four levels; remove brackets, dashes or indentation",
      },
    ]);
  }
  // The parser's own check for duplicate keys takes time in the square of their number; the reader's does not.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false });
  const problems = document.errors.map((error) => problemOf(error, positions));
  if (problems.length === 0) problems.push(...unwantedFeatures(document.contents, positions));
  if (problems.length > 0) throw new TopologyError(fileName, problems);
  return document.contents;
}

const usualFix = "correct the YAML here or just above";
const fixes: Partial<Record<YAMLParseError["code"], string>> = {
  BAD_INDENT: "indent what belongs together by the same spaces, and close every bracket",
  MISSING_CHAR: "close the bracket, brace or quote",
  MULTIPLE_DOCS: "keep one document; remove everything from this `---` on",
  TAB_AS_INDENT: "replace the tab by spaces",
};

function problemOf(error: YAMLParseError, positions: TextPositions): TopologyProblem {
  const message =
    error.code === "MULTIPLE_DOCS"
      ? "a second YAML document starts here"
      : `this is no valid YAML: ${error.message}`;
  return { ...positions.at(error.pos[0]), message, fix: fixes[error.code] ?? usualFix };
}

function unwantedFeatures(root: ParsedNode | null, positions: TextPositions): TopologyProblem[] {
  const found: TopologyProblem[] = [];
  if (root === null) return found;
  visit(root, {
    Node: (_key, node) => {
      const place = positions.at(node.range?.[0] ?? 0);
      if (isAlias(node)) {
        const message = `the alias *${node.source} stands here, and a topology has none`;
        found.push({ ...place, message, fix: "write the value out" });
      } else if (node.anchor !== undefined) {
        const message = `the anchor &${node.anchor} stands here, and a topology has none`;
        found.push({ ...place, message, fix: "remove the anchor" });
      } else if (node.tag !== undefined) {
        const message = `the tag ${node.tag} stands here, and a topology has none`;
        found.push({ ...place, message, fix: "remove the tag" });
      }
    },
  });
  return found;
}
