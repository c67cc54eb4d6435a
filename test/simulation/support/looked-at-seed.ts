/**
 * Runs one seed twice, the second time with every actor of every node observed, and prints what became of both. Run in
 * plain Node, as all simulations are.
 */
import { Actor } from "../../../actors/actor.ts";
import { forbidImpurity } from "../../../sim/impurity.ts";
import { runSeed } from "../../../sim/run-seed.ts";

let steps = 0;
let transitions = 0;

type AnyActor = InstanceType<typeof Actor>;

function observeEveryActor(): void {
  const start: (this: AnyActor) => void = Reflect.get(Actor.prototype, "start");
  Actor.prototype.start = function startObserved(this: AnyActor): void {
    this.observe({
      stepped: (step) => {
        steps += 1;
        transitions += step.transitions().length;
      },
    });
    start.call(this);
  };
}

forbidImpurity();
const options = { seed: Number(process.argv[2]), nodes: 3, faultsMs: 2_000 } as const;
const alone = runSeed(options);
observeEveryActor();
const lookedAt = runSeed(options);
console.log(
  JSON.stringify({
    alone: { hash: alone.traceHash, events: alone.events },
    lookedAt: { hash: lookedAt.traceHash, events: lookedAt.events },
    steps,
    transitions,
  }),
);
