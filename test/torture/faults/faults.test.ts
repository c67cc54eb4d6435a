/** A fault counts only where it does something: not on nodes that are down. */
import { expect, test } from "vitest";
import { seeded } from "../../../infra/randomness/seeded-randomness.ts";
import type { TortureNode } from "../cluster/torture-node.ts";
import { diskFaults } from "./disk-faults.ts";
import { networkFaults } from "./network-faults.ts";
import { processFaults } from "./process-faults.ts";
import type { Fault, Stage } from "./stage.ts";

const nothing = (): void => undefined;
const link = { hearNothingFrom: nothing, cut: nothing, hold: nothing };
const disk = { delayFlushes: nothing, jumpClock: nothing, setDayAhead: nothing };

function stageOf(running: readonly boolean[]): Stage {
  const nodes = running.map((isRunning, index) => {
    const node = { name: `n${index + 1}`, running: isRunning, paused: false, link, disk };
    return node as unknown as TortureNode;
  });
  const [victim, ...others] = nodes;
  if (victim === undefined) throw new Error("a stage has nodes");
  const cluster = { nodes, broker: { running: true } } as unknown as Stage["cluster"];
  return { cluster, randomness: seeded(1), victim, others };
}

const ofNodes: Readonly<Record<string, Fault>> = {
  ...processFaults,
  ...networkFaults,
  ...diskFaults,
};

test.each(Object.keys(ofNodes).filter((name) => !name.startsWith("nats-server")))(
  "%s strikes nobody where all nodes are down",
  async (name) => {
    expect(await ofNodes[name]?.strike(stageOf([false, false, false]))).toBeUndefined();
  },
);

test.each(Object.keys(networkFaults))(
  "%s needs its victim, and strikes it when it is up",
  async (name) => {
    const fault = ofNodes[name];
    expect(await fault?.strike(stageOf([true, true, true]))).toContain("n1");
    // The victim's side of a partition into minority and majority is of five nodes not it alone.
    expect(await fault?.strike(stageOf([false, true, true]))).toBeUndefined();
  },
);
