/** Names that become tokens of NATS subjects: of clusters, nodes and groups, and the subject prefix. */
import { nearestName } from "./nearest-name.ts";
import { topologyLimits } from "./topology.ts";
import { quote, type YamlReader } from "./yaml-reader.ts";

const subjectToken = /^[A-Za-z0-9_-]+$/;
const namesListedMax = 7;

/** Reports a name that cannot be a token of a subject; `whose` is as in "a node". */
export function checkName(reader: YamlReader, name: string, at: number, whose: string): void {
  if (!subjectToken.test(name)) {
    reader.report(
      at,
      `${whose} is named ${quote(name)}, which cannot be a part of a NATS subject`,
      "use letters, digits, `_` and `-` only",
    );
  } else if (name.length > topologyLimits.nameCharactersMax) {
    reader.report(
      at,
      `${whose} has a name of ${name.length} characters: ${quote(name)}`,
      `use at most ${topologyLimits.nameCharactersMax} characters`,
    );
  }
}

/** What to do about a name that is not declared: the one that was probably meant, or all there are. */
export function fixForUnknown(name: string, declared: readonly string[], where: string): string {
  const nearest = nearestName(name, declared);
  if (nearest !== undefined) {
    return `did you mean ${quote(nearest)}? Otherwise declare ${quote(name)} under ${where}`;
  }
  const listed = declared.slice(0, namesListedMax).map(quote).join(", ");
  const more = declared.length > namesListedMax ? ", ..." : "";
  return declared.length === 0
    ? `declare it under ${where}`
    : `use one of ${listed}${more}, or declare ${quote(name)} under ${where}`;
}
