/**
 * CPU time of everything three nodes and a client do for a put except sockets and disks: the production code on
 * simulated ports, in one process and on virtual time. Figures hardly move with what else the machine does.
 * Run compiled, in plain Node: `node cluster.js [puts] [callers,…]`; with `--cpu-prof` it shows where the time goes.
 */
import { ClientCore } from "../../client/core/client-core.ts";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { defaultTopology } from "../../infra/topology/default-topology.ts";
import { SimulatedNetwork } from "../../infra/transport/simulated-network.ts";
import { expectNothing, operationKind, type Put } from "../../kv/commands/operation.ts";
import { SimulatedNode } from "../../sim/simulated-node.ts";

const [putsText = "300000", callersText = "1,64,256,1024"] = process.argv.slice(2);
const puts = Number(putsText);
const keySpace = 1_000_000;
const value = new Uint8Array(128).fill(0x61);
const topology = defaultTopology(3, "micro");
const randomness = seeded(1);
const world = new SimulatedWorld();
const network = new SimulatedNetwork(world, randomness.split("network"));

const nodes = topology.nodes.map(
  ({ name }) =>
    new SimulatedNode({
      topology,
      name,
      machine: world.machine(name),
      network,
      randomness: randomness.split(name),
      limits: {},
      flushMs: () => 0.5,
      wrapPeers: (peers) => peers,
      log: () => undefined,
    }),
);
for (const node of nodes) node.start();

const client = world.machine("client").start();
const core = new ClientCore({
  transport: network.connect(client, { noEcho: false, onProblem: () => undefined }),
  clock: client.clock,
  randomness: randomness.split("client"),
  prefix: topology.prefix,
});

let answered = 0;
let live = 0;
let callers = 0;

function call(): void {
  const number = randomness.below(keySpace);
  const key = `default\0${String.fromCharCode(97 + (number % 26))}${String(number).padStart(8, "0")}`;
  const window = { source: value, start: 0, end: value.length };
  const kind = operationKind.put;
  const put: Put = { kind, key, ...window, ttlMs: 0, expectation: expectNothing };
  live += 1;
  core.write(put, 10_000, {
    succeeded: () => {
      live -= 1;
      answered += 1;
      if (live < callers) call();
    },
    failed: (failure) => {
      throw failure;
    },
  });
}

/** Runs until so many puts more are answered. */
function run(count: number, wanted: number): void {
  callers = wanted;
  while (live < callers) call();
  const until = answered + count;
  if (!world.runUntil(() => answered >= until, 600_000)) throw new Error("the puts do not end");
}

function entries(): number {
  return nodes
    .flatMap(({ host }) => host?.status().replicas ?? [])
    .reduce((sum, { chosenThrough }) => sum + chosenThrough / nodes.length, 0);
}

world.runUntil(
  () =>
    topology.groups.every(
      ({ name, members }) =>
        nodes.find((node) => node.name === members[0])?.host?.replica(name)?.leads === true,
    ),
  60_000,
);
run(200_000, 256);
run(20_000, 16);
console.log("callers  puts/entry  us of CPU per put  per entry");
for (const wanted of callersText.split(",").map(Number)) {
  const share = Math.min(1, wanted / 256);
  const count = Math.ceil(puts * share);
  run(Math.ceil(count / 20), wanted);
  const entriesBefore = entries();
  const began = process.cpuUsage();
  const answeredBefore = answered;
  run(count, wanted);
  const { user, system } = process.cpuUsage(began);
  const made = answered - answeredBefore;
  const slots = entries() - entriesBefore;
  console.log(
    String(wanted).padStart(7),
    (made / slots).toFixed(1).padStart(11),
    ((user + system) / made).toFixed(2).padStart(18),
    ((user + system) / slots).toFixed(1).padStart(10),
  );
}
