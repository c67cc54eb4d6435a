/** Starts the client's program, and knows what it has written so far. */
import { fileURLToPath } from "node:url";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { GuardedChild } from "../../infra/processes/guarded-child.ts";
import { profiling, type BenchCluster } from "../throughput/cluster.ts";
import type { CapacityOptions } from "./options.ts";
import type { WriterTask, Written } from "./writer.ts";

type Work =
  | { readonly kind: "load"; readonly first: number; readonly behind: number }
  | { readonly kind: "put"; readonly keys: number; readonly callers: number };

export class RunningWriter {
  readonly ended: Promise<void>;
  readonly #child: GuardedChild;
  #written: Written = { puts: 0, errors: 0 };
  #stopped = false;

  constructor(cluster: BenchCluster, options: CapacityOptions, work: Work) {
    const { address: server, password } = cluster;
    const task: WriterTask = { server, password, valueBytes: options.valueBytes, ...work };
    const program = fileURLToPath(new URL("writer.js", import.meta.url));
    let ended: (reason: string) => void = () => undefined;
    this.ended = new Promise((resolve, reject) => {
      ended = (reason) => {
        if (reason === "exit code 0" || this.#stopped) resolve();
        else reject(new Error(`the writing client ended: ${reason}`));
      };
    });
    this.#child = new GuardedChild(
      {
        command: process.execPath,
        args: [...profiling(options.profile, `client-${work.kind}`), program, JSON.stringify(task)],
        stopTimeoutMs: 1_000,
        onLine: (line, stream) => {
          if (stream === "stdout") this.#written = JSON.parse(line) as Written;
          else process.stderr.write(`${line}\n`);
        },
      },
      systemClock,
      (reason) => ended(reason),
    );
  }

  /** As of a tenth of a second ago. */
  get written(): Written {
    return this.#written;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** At once; what it has under way stays without an answer. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#child.signal("SIGKILL");
    return this.ended;
  }
}
