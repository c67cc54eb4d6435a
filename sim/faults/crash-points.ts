/** Nodes that end at chosen moments: right before or right after a commit, a write of state, a message, an answer. */
import type { SimulatedNode } from "../simulated-node.ts";
import { between, bringDown, startLater, type Fault, type Stage } from "./stage.ts";
import { Trap } from "./trap.ts";

/** Messages after or before which something is different. */
const turningPoints = [
  "preVoted",
  "prepare",
  "promised",
  "accept",
  "accepted",
  "heartbeat",
  "heartbeatAcked",
  "learned",
  "handOver",
  "birthHeld",
  "hello",
] as const;

/** The node ends, and is mostly back before anybody has noticed. */
function strikeDown(stage: Stage, node: SimulatedNode): void {
  const { randomness } = stage;
  bringDown(stage, node);
  if (randomness.chance(0.7)) startLater(stage, node, between(randomness, 1, 300));
  stage.strikes();
}

/** Ends the victim when it says the chosen thing. */
export function setTrap(stage: Stage, catches: (what: string) => boolean, skipsMax: number): void {
  const { victim, randomness } = stage;
  victim.trap = new Trap({
    catches,
    skips: randomness.below(skipsMax),
    when: randomness.chance(0.5) ? "before" : "after",
    spring: () => {
      victim.trap = undefined;
      strikeDown(stage, victim);
    },
  });
}

export const crashPoints = {
  "crash around a commit": (stage) => {
    const { victim, randomness } = stage;
    const moment = randomness.chance(0.5) ? "before" : "after";
    let skips = randomness.below(20);
    victim.logDisk.onFlush = (when) => {
      if (when !== moment || skips-- > 0) return;
      victim.logDisk.onFlush = undefined;
      strikeDown(stage, victim);
    };
    return false;
  },

  "crash around a checkpoint": (stage) => {
    const { victim, randomness } = stage;
    const moment = (["before", "visible", "durable"] as const)[randomness.below(3)];
    let skips = randomness.below(6);
    victim.stateDisk.onChange = (when) => {
      if (when !== moment || skips-- > 0) return;
      victim.stateDisk.onChange = undefined;
      strikeDown(stage, victim);
    };
    return false;
  },

  "crash around a send": (stage) => {
    const { randomness } = stage;
    const type = turningPoints[randomness.below(turningPoints.length)];
    const any = randomness.chance(0.3);
    setTrap(stage, (what) => what !== "answer" && (any || what === type), 5);
    return false;
  },

  "crash around an answer": (stage) => {
    setTrap(stage, (what) => what === "answer", 10);
    return false;
  },
} as const satisfies Record<string, Fault>;
