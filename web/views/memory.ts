/** What an actor says of its memory, as a list of names and values. */
import { make, setText } from "../dom.ts";

export class MemoryView {
  readonly #list: HTMLElement;
  readonly #values = new Map<string, HTMLElement>();

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  show(memory: Readonly<Record<string, unknown>>): void {
    const rows = flat(memory, "");
    const names = rows.map(([name]) => name);
    if (names.join("\n") !== [...this.#values.keys()].join("\n")) this.#rebuild(names);
    for (const [name, text] of rows) {
      const value = this.#values.get(name);
      if (value === undefined || value.textContent === text) continue;
      setText(value, text);
    }
  }

  #rebuild(names: readonly string[]): void {
    this.#values.clear();
    const parts = names.flatMap((name) => {
      const value = make("dd");
      this.#values.set(name, value);
      return [make("dt", {}, name), value];
    });
    this.#list.replaceChildren(...parts);
  }
}

function flat(value: Readonly<Record<string, unknown>>, before: string): [string, string][] {
  return Object.entries(value).flatMap(([name, part]): [string, string][] => {
    if (typeof part === "object" && part !== null && !Array.isArray(part)) {
      const inner = flat(part as Readonly<Record<string, unknown>>, `${before}${name}.`);
      return inner.length === 0 ? [[`${before}${name}`, "none"]] : inner;
    }
    return [[`${before}${name}`, textOf(part)]];
  });
}

function textOf(value: unknown): string {
  if (typeof value === "number") return value.toLocaleString("en");
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(textOf).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return "none";
}
