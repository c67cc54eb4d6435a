/** Seeds of one simulator, in a process of their own: what it printed of them, and whether it took too long. */
import { spawn, type ChildProcess } from "node:child_process";

export interface SeedsRun {
  readonly seeds: number;
  /** The check that failed first. */
  readonly violated: string | undefined;
  /** Something else than a check: an exception, a seed that does not end. */
  readonly broken: string | undefined;
  readonly output: string;
}

const running = new Set<ChildProcess>();

export function killRunning(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Runs the seeds from 1 on, up to the first that fails. A seed may take so many seconds. */
export async function runSeeds(
  simulator: string,
  options: readonly string[],
  seeds: number,
  secondsPerSeed: number,
): Promise<SeedsRun> {
  const args = [simulator, ...options, "--seeds", String(seeds), "--until-failure"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  let tookTooLong = false;
  const ended = (): void => {
    tookTooLong = true;
    child.kill("SIGKILL");
  };
  let patience = setTimeout(ended, secondsPerSeed * 1_000);
  const hear = (chunk: Buffer): void => {
    output += chunk.toString();
    clearTimeout(patience);
    patience = setTimeout(ended, secondsPerSeed * 1_000);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearTimeout(patience);
  running.delete(child);
  const violated = /VIOLATED {2}([^:\n]+): /.exec(output)?.[1];
  const brokenLine = /BROKEN.*/.exec(output)?.[0];
  const reason = tookTooLong ? `a seed took more than ${secondsPerSeed} s` : brokenLine;
  const failed = status !== 0 && violated === undefined;
  return {
    seeds: output.match(/^seed \d+ /gm)?.length ?? 0,
    violated,
    broken: failed ? (reason ?? output.slice(-500)) : undefined,
    output,
  };
}
