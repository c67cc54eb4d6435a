/** A project of somebody else's: an example copied to a directory of its own, where `synod` is an installed package. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compiledPath } from "../../support/compiled.ts";
import { waitUntil } from "../../support/wait-until.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Answers with the directory of the example, in `directory`. */
export function installExample(name: string, directory: string): string {
  const target = join(directory, name);
  cpSync(join(root, "examples", name), target, { recursive: true });
  const installed = join(target, "node_modules", "synod");
  mkdirSync(installed, { recursive: true });
  const manifest = { name: "synod", type: "module", exports: "./index.js" };
  writeFileSync(join(installed, "package.json"), JSON.stringify(manifest));
  const client = pathToFileURL(compiledPath("client/index.ts")).href;
  writeFileSync(join(installed, "index.js"), `export * from "${client}";\n`);
  return target;
}

/** Makes JavaScript of a file, beside it; its types are checked with those of the whole project. */
export function compileExample(directory: string, file: string): string {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const form = ["--module", "nodenext", "--target", "es2022", "--noCheck", "--ignoreConfig"];
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  execFileSync(process.execPath, [compiler, file, ...form], { cwd: directory, stdio: "pipe" });
  return file.replace(/\.ts$/, ".js");
}

export class RunningExample {
  output = "";
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;

  constructor(directory: string, args: readonly string[], server: string) {
    this.#process = spawn(process.execPath, args, {
      cwd: directory,
      env: { ...process.env, NATS_URL: server },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    }
    this.ended = new Promise((resolve) => {
      this.#process.once("close", (code) => resolve(code));
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async says(text: string | RegExp, timeoutMs = 20_000): Promise<void> {
    const isSaid = (): boolean =>
      typeof text === "string" ? this.output.includes(text) : text.test(this.output);
    try {
      await waitUntil(`the example says ${String(text)}`, isSaid, timeoutMs);
    } catch (failure) {
      throw new Error(`it said\n${this.output}`, { cause: failure });
    }
  }
}
