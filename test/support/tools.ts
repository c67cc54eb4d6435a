/** Programs of others, which tests use where they are installed. */
import { execFile, spawnSync } from "node:child_process";

export function hasTool(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args, { stdio: "ignore" }).status === 0;
}

export interface Ended {
  readonly status: number;
  readonly output: string;
}

/** Both streams together. */
export function runTool(
  name: string,
  args: readonly string[],
  {
    timeoutMs = 60_000,
    ...options
  }: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
  } = {},
): Promise<Ended> {
  const env = { ...process.env, ...options.env };
  return new Promise((resolve) => {
    const child = execFile(
      name,
      args,
      { ...options, env, timeout: timeoutMs },
      (failure, out, errors) => {
        const code: unknown = failure?.code;
        const status = typeof code === "number" ? code : failure === null ? 0 : 1;
        resolve({ status, output: out + errors });
      },
    );
    child.stdin?.end();
  });
}
