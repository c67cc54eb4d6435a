/** The thread in which seeds run: nothing in it looks at the real clock or at real chance but what measures it. */
import { parentPort } from "node:worker_threads";
import { forbidImpurity } from "../impurity.ts";
import { answer } from "./run-job.ts";
import type { SeedJob } from "./seed-job.ts";

const readRealClock = performance.now.bind(performance);
forbidImpurity();
parentPort?.on("message", (job: SeedJob) => {
  parentPort?.postMessage(answer(job, readRealClock), []);
});
