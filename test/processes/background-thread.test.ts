/** A thread that gives way is one thread, and not the process it belongs to. */
import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";

const program = `
  const { readFileSync } = await import("node:fs");
  const { Worker } = await import("node:worker_threads");
  // Field 19 of proc(5), counted behind the name, which may hold anything.
  const niceness = (path) => Number(readFileSync(path, "utf8").split(") ").at(-1).split(" ")[16]);
  const ofThis = "/proc/thread-self/stat";
  const inside = \`
    const { parentPort, workerData } = require("node:worker_threads");
    const niceness = \${niceness};
    const { readFileSync } = require("node:fs");
    import(workerData).then(({ giveWay }) => {
      giveWay();
      parentPort.postMessage(niceness("\${ofThis}"));
    });
  \`;
  const before = niceness(ofThis);
  const worker = new Worker(inside, { eval: true, execArgv: [], workerData: process.argv[1] });
  worker.once("message", (nice) => {
    console.log(JSON.stringify({ before, worker: nice - before, main: niceness(ofThis) - before }));
  });
`;

test.runIf(process.platform === "linux").each([0, 10])(
  "a thread that gives way has a lower priority than before, and the others have not: at niceness %i",
  (niceness) => {
    const module = pathToFileURL(compiledPath("infra/processes/background-thread.ts")).href;
    const node = [process.execPath, "--input-type=module", "--eval", program, module];
    const env = { PATH: process.env.PATH };
    const out = execFileSync("nice", ["-n", String(niceness), ...node], { encoding: "utf8", env });
    expect(JSON.parse(out)).toMatchObject({ worker: 5, main: 0 });
  },
);
