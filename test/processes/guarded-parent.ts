/** A process that starts one guarded child, prints the child's process id and lives until it is killed. */
import { GuardedChild } from "../../infra/processes/guarded-child.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";

const script = `console.log(process.pid); ${process.argv[2] ?? ""}`;
void new GuardedChild(
  {
    command: process.execPath,
    args: ["-e", script],
    stopTimeoutMs: 300,
    onLine: (line) => console.log(line),
  },
  systemClock,
  () => undefined,
);
