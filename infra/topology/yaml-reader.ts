/**
 * Reads fields of expected types out of parsed YAML. Whatever is not as expected becomes a problem with its
 * place and its fix, and reading goes on, so that one look at the file tells everything that is wrong with it.
 */
import { isMap, isScalar, isSeq } from "yaml";
import { nearestName } from "./nearest-name.ts";
import type { TextPositions } from "./text-positions.ts";
import type { TopologyProblem } from "./topology-error.ts";

/** A value and where it stands; `what` names it in messages, as in: `members` of group "g1". Empty for the file. */
export interface Place {
  readonly value: unknown;
  readonly at: number;
  readonly what: string;
}

export interface NamedPlace extends Place {
  readonly name: string;
  /** Where the name stands. */
  readonly nameAt: number;
}

/** What stands in a map whose field names are fixed. */
export interface Fields {
  readonly found: ReadonlyMap<string, NamedPlace>;
  /** Fields that were probably meant by unknown ones, which says enough about their missing. */
  readonly misspelt: ReadonlySet<string>;
}

const quotedCharactersMax = 80;

/** A name of the file in a message: quoted, escaped, and cut where it would fill the screen. */
export function quote(text: string): string {
  const short =
    text.length > quotedCharactersMax ? `${text.slice(0, quotedCharactersMax)}...` : text;
  return JSON.stringify(short);
}

export class YamlReader {
  readonly problems: TopologyProblem[] = [];
  readonly #positions: TextPositions;

  constructor(positions: TextPositions) {
    this.#positions = positions;
  }

  report(at: number, message: string, fix: string): void {
    this.problems.push({ ...this.#positions.at(at), message, fix });
  }

  /** The entries of a map with names of the user's own choice; of two of one name only the first. */
  entries(place: Place, example: string, expected = "a map of names"): NamedPlace[] | undefined {
    if (!isMap(place.value)) {
      this.#reportType(place, expected, example);
      return undefined;
    }
    const found = new Map<string, NamedPlace>();
    for (const { key, value } of place.value.items) {
      const nameAt = offsetOf(key) ?? place.at;
      const name = textOf(key);
      if (name === undefined) {
        this.report(
          nameAt,
          `a name in ${place.what} is not text but ${kindOf(key)}`,
          `put the name in quotes, as in ${example}`,
        );
        continue;
      }
      const first = found.get(name);
      if (first === undefined) {
        found.set(name, { name, nameAt, value, at: offsetOf(value) ?? nameAt, what: quote(name) });
        continue;
      }
      const { line } = this.#positions.at(first.nameAt);
      this.report(
        nameAt,
        `${quote(name)} stands twice in ${place.what}, first in line ${line}`,
        "remove or rename one of the two",
      );
    }
    return [...found.values()];
  }

  /** Reports what is unknown with the name that was probably meant, or with what `explained` says about it. */
  fields(
    place: Place,
    known: readonly string[],
    example: string,
    explained: Readonly<Record<string, string>> = {},
  ): Fields | undefined {
    const entries = this.entries(place, example, "a map of fields");
    if (entries === undefined) return undefined;
    const found = new Map<string, NamedPlace>();
    const misspelt = new Set<string>();
    for (const entry of entries) {
      const { name, nameAt } = entry;
      if (known.includes(name)) {
        const what = place.what === "" ? `\`${name}\`` : `\`${name}\` of ${place.what}`;
        found.set(name, { ...entry, what });
        continue;
      }
      const explanation = Object.hasOwn(explained, name) ? explained[name] : undefined;
      const nearest = nearestName(name, known);
      if (nearest !== undefined) misspelt.add(nearest);
      this.report(
        nameAt,
        `${nameOf(place)} has no field ${quote(name)}`,
        explanation ??
          (nearest === undefined
            ? `remove it; the fields are ${known.map((field) => `\`${field}\``).join(", ")}`
            : `did you mean \`${nearest}\`?`),
      );
    }
    return { found, misspelt };
  }

  /** A field that is missing is reported at the map it is missing from. */
  required(fields: Fields, name: string, within: Place, example: string): NamedPlace | undefined {
    const found = fields.found.get(name);
    if (found === undefined && !fields.misspelt.has(name)) {
      this.report(within.at, `${nameOf(within)} lacks \`${name}\``, `add it, as in ${example}`);
    }
    return found;
  }

  /** The items of a list that has at least one. */
  items(place: Place, example: string): Place[] | undefined {
    if (!isSeq(place.value)) {
      this.#reportType(place, "a list", example);
      return undefined;
    }
    if (place.value.items.length === 0) {
      this.report(place.at, `${place.what} is empty`, `name at least one, as in ${example}`);
      return undefined;
    }
    return place.value.items.map((value, index) => ({
      value,
      at: offsetOf(value) ?? place.at,
      what: `item ${index + 1} of ${place.what}`,
    }));
  }

  text(place: Place, example: string): string | undefined {
    const text = textOf(place.value);
    if (text === undefined) this.#reportType(place, "text", example);
    return text;
  }

  integer(place: Place, smallest: number, largest: number, example: string): number | undefined {
    const number: unknown = isScalar(place.value) ? place.value.value : undefined;
    if (typeof number !== "number" || !Number.isSafeInteger(number)) {
      this.#reportType(place, "a whole number", example);
      return undefined;
    }
    if (number >= smallest && number <= largest) return number;
    this.report(
      place.at,
      `${place.what} is ${number}, outside of ${smallest} to ${largest}`,
      `choose a number from ${smallest} to ${largest}`,
    );
    return undefined;
  }

  #reportType(place: Place, expected: string, example: string): void {
    const { value, at } = place;
    const message = `${nameOf(place)} must be ${expected}, not ${kindOf(value)}`;
    this.report(at, message, `write ${example}`);
  }
}

/** True for `name:` with nothing behind it. */
export function isEmpty({ value }: Place): boolean {
  return value === null || (isScalar(value) && value.value === null);
}

function nameOf(place: Place): string {
  return place.what === "" ? "the file" : place.what;
}

function textOf(node: unknown): string | undefined {
  return isScalar(node) && typeof node.value === "string" ? node.value : undefined;
}

function offsetOf(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined;
}

function kindOf(node: unknown): string {
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (!isScalar(node) || node.value === null) return "empty";
  if (typeof node.value === "string") return `the text ${quote(node.value)}`;
  return `the ${typeof node.value} ${quote(node.source ?? "")}`;
}
