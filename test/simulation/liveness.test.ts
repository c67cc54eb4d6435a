/** What a run has to come to when faults end, and how it is seen that one does not. */
import { expect, test } from "vitest";
import { requireCalm, whatIsOpen } from "../../sim/liveness.ts";
import { whoIsBehind } from "../../sim/prompt-watches.ts";
import { requirePace } from "../../sim/pace.ts";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import { verdictOf } from "./support/told.ts";

test("a leader may be replaced once when calm begins, and then stays", () => {
  const verdict = (g1: number, g2: number): string =>
    verdictOf(() =>
      requireCalm(
        new Map([
          ["g1", g1],
          ["g2", g2],
        ]),
      ),
    );
  expect(verdict(1, 1)).toBe("true");
  expect(verdict(0, 2)).toBe("leaders stay while nothing is wrong");
});

test("what anybody still waits for is named", () => {
  const replicas = (openRequests: number) => ({
    host: { replica: () => ({ openRequests }) },
    name: "n1",
  });
  type Looked = Parameters<typeof whatIsOpen>[0];
  const cluster = (openRequests: number): Looked =>
    ({
      nodes: new Map([["n1", replicas(openRequests)]]),
      topology: { groups: [{ name: "g1" }] },
    }) as unknown as Looked;
  expect(whatIsOpen(cluster(0), [{ isAtRest: true }])).toBeUndefined();
  expect(whatIsOpen(cluster(2), [])).toBe("n1 holds 2 requests for g1");
  expect(whatIsOpen(cluster(0), [{ isAtRest: false }])).toBe("1 clients wait for something");
});

test("a watch that has not been told what a leader has applied is named", () => {
  const through = (name: string, revisions: Readonly<Record<string, number>>) => ({
    name,
    isThrough: (group: string, revision: number) => (revisions[group] ?? 0) >= revision,
  });
  const marks = new Map([
    ["g1", 5],
    ["g2", 7],
  ]);
  const told = through("w1", { g1: 6, g2: 7 });
  expect(whoIsBehind([told], marks)).toBeUndefined();
  const behind = [told, through("w2", { g1: 5, g2: 6 })];
  expect(whoIsBehind(behind, marks)).toBe("w2 had not been told revision 7 of g2");
});

test("a world in which ever more happens in no time at all does not go on for ever", () => {
  const run = (everyMs: number): string => {
    const world = new SimulatedWorld({ startWallMs: 0 });
    requirePace(world, 1_000);
    const again = (): void => void world.schedule(everyMs, again);
    again();
    return verdictOf(() => world.runFor(200));
  };
  expect(run(0.1)).toBe("true");
  expect(run(0.01)).toBe("virtual time moves on");
});
