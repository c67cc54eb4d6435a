/**
 * A process to be killed: writes numbered checkpoints for ever and says each number once it is switched to.
 * Ends by itself, with the error's code, when the store fails.
 */
import { writeSync } from "node:fs";
import { openStateStore } from "../../infra/state-store/lmdb-state-store.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { busyMerging, numberedCut } from "./numbered-cuts.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";

const directory = process.argv[2] ?? "";
const store = openStateStore({
  directory,
  owner: "test",
  clock: systemClock,
  mergePolicy: busyMerging,
});
const group = store.group("g");
let number = group.checkpoint?.appliedThrough ?? 0;

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

function stopOn(failure: Error): void {
  say(failure instanceof SynodError ? failure.code : failure.message);
  // What comes after a failed write must be refused, and reading goes on.
  group.write(numberedCut(number + 1000), (refusal) => {
    say(refusal === undefined ? "accepted a write" : "refused");
    process.exit(0);
  });
}

function next(): void {
  number += 1;
  group.write(numberedCut(number), (failure) => {
    if (failure !== undefined) {
      stopOn(failure);
      return;
    }
    group.switchTo(number, (failed) => {
      if (failed !== undefined) {
        stopOn(failed);
        return;
      }
      say(String(number));
      next();
    });
  });
}

next();
