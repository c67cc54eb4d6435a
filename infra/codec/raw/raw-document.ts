/**
 * The bodies of ranges and transactions: JSON, or msgpack maps with the same fields. Everything that is wrong with one
 * is told at once. In JSON bytes that are no text are written as base64, under a name of their own.
 */
import { SynodError } from "../../errors/synod-error.ts";
import { byteStringOf } from "../key-text.ts";
import { readMsgpack } from "../msgpack-value.ts";

export type Fields = Readonly<Record<string, unknown>>;
export type FieldType = "text" | "whole" | "integer" | "boolean" | "bytes" | "base64" | "list";
export type FieldTypes = Readonly<Record<string, FieldType>>;

/** Bytes that are no UTF-8 are refused rather than replaced. */
const utf8 = new TextDecoder("utf-8", { fatal: true });
const problemsMax = 8;

export class DocumentReader {
  readonly #problems: string[] = [];
  readonly #isPacked: boolean;

  constructor(isPacked: boolean) {
    this.#isPacked = isPacked;
  }

  /** An empty body is a document without fields. */
  read(body: Uint8Array, types: FieldTypes): Fields {
    if (body.length === 0) return {};
    const document = this.#decoded(body);
    if (document === undefined) return {};
    this.require(document, types, "");
    return document;
  }

  /** Notes every field that has no type, or another one. */
  require(fields: Fields, types: FieldTypes, where: string): void {
    for (const [name, value] of Object.entries(fields)) {
      const type = Object.hasOwn(types, name) ? types[name] : undefined;
      if (type === undefined) this.note(`there is no field ${where}${name.slice(0, 40)}`);
      else if (!this.#is(value, type)) this.note(`${where}${name} is no ${nameOf(type)}`);
    }
  }

  note(problem: string): void {
    if (this.#problems.length < problemsMax) this.#problems.push(problem);
  }

  /** A list of objects; empty, with the problem noted, where it is another one. */
  objects(fields: Fields, name: string): readonly Fields[] {
    const list = fields[name];
    if (!Array.isArray(list)) return [];
    if (list.every(isFields)) return list;
    this.note(`${name} is no list of objects`);
    return [];
  }

  /** A byte string; undefined without such a field, and where it is of another type. */
  text(fields: Fields, name: string): string | undefined {
    const value = fields[name];
    if (typeof value !== "string" && !(this.#isPacked && value instanceof Uint8Array)) {
      return undefined;
    }
    if (typeof value === "string" && !isWellFormed(value))
      this.note(`${name} has half a character`);
    return byteStringOf(value);
  }

  number(fields: Fields, name: string): number | undefined {
    const value = fields[name];
    return Number.isSafeInteger(value) ? (value as number) : undefined;
  }

  flag(fields: Fields, name: string): boolean {
    return fields[name] === true;
  }

  /** Throws `BAD_REQUEST` with what was noted, if anything was. */
  finish(what: string, example: string): void {
    if (this.#problems.length === 0) return;
    throw new SynodError("BAD_REQUEST", `the ${what} is not right: ${this.#problems.join("; ")}`, {
      nextStep: `Write it as in ${example}.`,
    });
  }

  #decoded(body: Uint8Array): Fields | undefined {
    let decoded: unknown;
    try {
      decoded = this.#isPacked ? readMsgpack(body) : JSON.parse(utf8.decode(body));
    } catch {
      this.note(`the body is no ${this.#isPacked ? "msgpack" : "JSON"}`);
      return undefined;
    }
    if (isFields(decoded)) return decoded;
    this.note("the body is no object");
    return undefined;
  }

  #is(value: unknown, type: FieldType): boolean {
    switch (type) {
      case "text":
      case "bytes":
        return typeof value === "string" || (this.#isPacked && value instanceof Uint8Array);
      case "base64":
        return typeof value === "string" && isBase64(value);
      case "boolean":
        return typeof value === "boolean";
      case "list":
        return Array.isArray(value);
      case "integer":
        return Number.isSafeInteger(value);
      default:
        return Number.isSafeInteger(value) && Number(value) >= 0;
    }
  }
}

/** Half of a surrogate pair has no UTF-8: the text would become another one. */
export function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}

function isFields(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) && !(value instanceof Uint8Array);
}

function isBase64(text: string): boolean {
  return Buffer.from(text, "base64").toString("base64") === text;
}

function nameOf(type: FieldType): string {
  if (type === "whole") return "whole number";
  return type === "boolean" ? "true or false" : type;
}
