/**
 * Every trace under traces/ is replayed; `UPDATE_TRACES=1` rewrites what charts did, to be reviewed as a diff. Then
 * every transition of every chart, every guard and every action is deleted once, and some trace of the role has to
 * notice.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createMachine, type AnyStateMachine } from "xstate";
import { describe, expect, test } from "vitest";
import { roles, type RoleName } from "./support/roles.ts";
import { asHosted, parseTrace, renderTrace, runTrace, type Trace } from "./support/trace.ts";
import { deletionsOf } from "./support/deletions.ts";

const folder = fileURLToPath(new URL("traces", import.meta.url));

function tracesOf(
  role: string,
): { readonly path: string; readonly text: string; readonly trace: Trace }[] {
  const inside = join(folder, role);
  return readdirSync(inside)
    .filter((name) => name.endsWith(".txt"))
    .sort()
    .map((name) => {
      const path = join(inside, name);
      const text = readFileSync(path, "utf8");
      return { path, text, trace: parseTrace(text) };
    });
}

for (const name of Object.keys(roles) as RoleName[]) {
  const traces = tracesOf(name);

  describe(name, () => {
    for (const { path, text, trace } of traces) {
      test(trace.claim, () => {
        const actual = renderTrace(runTrace(trace));
        if (process.env["UPDATE_TRACES"] === "1") writeFileSync(path, actual);
        else expect(actual).toBe(text);
      });

      test(`${trace.claim} (as hosted)`, () => {
        expect(renderTrace(runTrace(trace, undefined, asHosted))).toBe(text);
      });
    }

    const machine: AnyStateMachine = roles[name].logic;
    for (const deletion of deletionsOf(machine.config)) {
      test(`a trace notices when ${deletion.name} is missing`, () => {
        const mutant = createMachine(deletion.without()).provide(machine.implementations as never);
        const noticed = traces.some(({ text, trace }) => {
          try {
            return renderTrace(runTrace(trace, mutant)) !== text;
          } catch {
            return true;
          }
        });
        expect(noticed, `no trace of ${name} exercises ${deletion.name}`).toBe(true);
      });
    }
  });
}
