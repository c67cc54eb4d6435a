/** Runs a driver's program to its end, and tells when its measurement begins and ends. */
import { fileURLToPath } from "node:url";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { GuardedChild } from "../../infra/processes/guarded-child.ts";
import type { DriverKind } from "./contestant.ts";
import type { DriverResult, DriverTask } from "./task.ts";

export type Moment = "measuring" | "measured";

const stopTimeoutMs = 2_000;
/** A driver that takes so much longer than it measures hangs; each of its operations has a timeout of its own. */
const graceMs = 180_000;
/** Of a load, however many keys there are. */
const loadMsMax = 3_600_000;
const lastLinesKept = 5;

export class Drivers {
  readonly #goDriver: string | undefined;
  readonly #running = new Set<GuardedChild>();

  constructor(goDriver: string | undefined) {
    this.#goDriver = goDriver;
  }

  /** Rejects with the driver's last words. */
  run(
    driver: DriverKind,
    task: DriverTask,
    onMoment: (moment: Moment) => void = () => undefined,
  ): Promise<DriverResult> {
    const [command, args] = this.#program(driver);
    return new Promise((resolve, reject) => {
      let result: DriverResult | undefined;
      const words: string[] = [];
      const child = new GuardedChild(
        {
          command,
          args: [...args, JSON.stringify(task)],
          stopTimeoutMs,
          onLine: (line, stream) => {
            if (line === "measuring" || line === "measured") onMoment(line);
            else if (stream === "stdout") result = JSON.parse(line) as DriverResult;
            else words.push(line);
          },
        },
        systemClock,
        (reason) => {
          this.#running.delete(child);
          cancelKill();
          if (result !== undefined && reason === "exit code 0") return resolve(result);
          const said = words.slice(-lastLinesKept).join("; ");
          reject(new Error(`the driver ended (${reason}): ${said || "without a word"}`));
        },
      );
      this.#running.add(child);
      const { workload, warmUpSeconds, seconds } = task;
      const usualMs = workload === "load" ? loadMsMax : (warmUpSeconds + seconds) * 1000;
      const cancelKill = systemClock.after(usualMs + graceMs, () => child.kill());
    });
  }

  /** Ends whatever runs. */
  stop(): void {
    for (const child of this.#running) child.kill();
  }

  #program(driver: DriverKind): readonly [string, readonly string[]] {
    if (driver === "node") {
      const program = fileURLToPath(new URL("../drivers/main.js", import.meta.url));
      return [process.execPath, [program]];
    }
    if (this.#goDriver === undefined) throw new Error("the driver in bench/peers was not built");
    return [this.#goDriver, []];
  }
}
