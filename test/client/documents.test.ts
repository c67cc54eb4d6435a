/** The guides say what the code says: the table of errors, and examples that compile. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guide = readFileSync(join(root, "docs", "client.md"), "utf8");
const embedding = readFileSync(join(root, "docs", "embedding.md"), "utf8");

/** What an example takes for granted. */
const prelude = `
import { writeFile } from "node:fs/promises";
import { ConflictError, SynodError, WatchGapError, type Bucket, type SynodClient } from "synod";
declare const synod: SynodClient;
declare const bucket: Bucket;
declare const revision: number;
declare const text: string;
declare function mergeWith(revision: number): Promise<void>;
declare function shipOnce(order: string, revision: number): Promise<void>;
declare function readBack(): Promise<void>;
`;

test("every example compiles", () => {
  const examples = [...`${guide}\n${embedding}`.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
    ([, code = ""]) => code,
  );
  expect(examples.length).toBeGreaterThan(3);
  const folder = mkdtempSync(join(tmpdir(), "synod-examples-"));
  try {
    for (const [at, code] of examples.entries()) {
      const standsAlone = code.startsWith("import");
      const text = standsAlone ? code : `${prelude}export async function example() {\n${code}}\n`;
      writeFileSync(join(folder, `example-${at}.ts`), text);
    }
    const compilerOptions = {
      noEmit: true,
      rootDir: "/",
      typeRoots: [join(root, "node_modules", "@types")],
      paths: {
        synod: [join(root, "client", "index.ts")],
        "synod/server": [join(root, "server", "index.ts")],
        "synod/testing": [join(root, "sim", "testing", "index.ts")],
        "synod/machines": [join(root, "machines", "index.ts")],
      },
    };
    const project = { extends: join(root, "tsconfig.json"), include: ["*.ts"], compilerOptions };
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
    const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
    expect(complaints([compiler, "-p", folder])).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function complaints(command: readonly string[]): string {
  try {
    return execFileSync(process.execPath, command, { encoding: "utf8" });
  } catch (failure) {
    return String((failure as { stdout?: unknown }).stdout);
  }
}
