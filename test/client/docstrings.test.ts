/** Whatever a program can import or reach from there says what it is: every export, and every member of it. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const door = fileURLToPath(new URL("../../client/index.ts", import.meta.url));

interface Exported {
  readonly name: string;
  readonly path: string;
}

function exportsOf(path: string): Exported[] {
  const source = readFileSync(path, "utf8");
  return [...source.matchAll(/export (?:type )?\{([^}]*)\} from "([^"]+)"/g)].flatMap(
    ([, names = "", from = ""]) =>
      [...names.matchAll(/(?:type )?(\w+)(?: as \w+)?,?/g)].map(([, name = ""]) => ({
        name,
        path: join(dirname(path), from),
      })),
  );
}

const member =
  /^ {2}(?:(?:readonly|static|async|get|set|override|abstract) )*\*?(?!#)(\[?[\w.]+\]?)[?]?[(:<]/;

/** What of the export has no doc comment. */
function undocumented({ name, path }: Exported): string[] {
  const lines = readFileSync(path, "utf8").split("\n");
  const declaration = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:async )?(?:interface|class|type|function|const) ${name}\\b`,
  );
  const starts = lines.flatMap((line, at) => (declaration.test(line) ? [at] : []));
  if (starts.length === 0) throw new Error(`${name} is not declared in ${path}`);
  return starts.flatMap((start) => {
    const missing = isDocumented(lines, start) ? [] : [name];
    const opening = lines.findIndex((line, at) => at >= start && line.endsWith("{"));
    const isBody = /(?:interface|class) /.test(lines[start] ?? "");
    if (!isBody || opening < 0) return missing;
    const end = lines.findIndex((line, at) => at > opening && line.startsWith("}"));
    for (let at = opening + 1; at < end; at++) {
      const [, what] = member.exec(lines[at] ?? "") ?? [];
      if (what === undefined || what === "constructor" || isDocumented(lines, at)) continue;
      missing.push(`${name}.${what}`);
    }
    return missing;
  });
}

function isDocumented(lines: readonly string[], at: number): boolean {
  let above = at - 1;
  while (/^\s*\/\/ oxlint/.test(lines[above] ?? "")) above--;
  return lines[above]?.endsWith("*/") ?? false;
}

test("every export of the client and every member of it has a doc comment", () => {
  const exported = exportsOf(door);
  expect(exported.length).toBeGreaterThan(40);
  expect(exported.flatMap(undocumented)).toEqual([]);
});

test("every failure a program may catch by its class is exported", () => {
  const names = new Set(exportsOf(door).map(({ name }) => name));
  const classes = readFileSync(join(dirname(door), "errors.ts"), "utf8");
  for (const [, name = ""] of classes.matchAll(/^export class (\w+)/gm)) {
    expect(names.has(name), name).toBe(true);
  }
});
