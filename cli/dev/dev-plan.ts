/** What `synod dev` is going to run: which topology, on which port, with its data where. */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { defaultTopology, type DefaultNodeCount } from "../../infra/topology/default-topology.ts";
import { loadTopology } from "../../infra/topology/load-topology.ts";
import { topologyDefaults, type Topology } from "../../infra/topology/topology.ts";
import { packageRoot } from "../package-root.ts";

export interface DevOptions {
  readonly file?: string;
  readonly nodes?: DefaultNodeCount;
  readonly port: number;
  readonly websocketPort?: number;
  readonly data?: string;
  readonly ephemeral?: boolean;
}

export interface DevPlan {
  /** Its only server is the broker that `dev` starts. */
  readonly topology: Topology;
  readonly port: number;
  /** Where browsers connect, if anywhere. */
  readonly websocketPort: number | undefined;
  /** Holds one directory a cluster. */
  readonly root: string;
  /** `<root>/<cluster>`. */
  readonly clusterDirectory: string;
  /** Made for this run, and removed behind it. */
  readonly ephemeral: boolean;
  readonly brokerConfig: string;
}

const usualFile = "topology.yaml";
/** The users that nats.conf has. */
const brokerUsers = ["n1", "n2", "n3", "n4", "n5", "n6", "n7"];

/** Throws `TOPOLOGY_INVALID`, or `BAD_REQUEST` for options that do not go together. */
export function planDevCluster(options: DevOptions): DevPlan {
  const { port, websocketPort, ephemeral = false, data } = options;
  if (ephemeral && data !== undefined) {
    throw new SynodError("BAD_REQUEST", "--ephemeral and --data contradict each other", {
      nextStep: "Leave one of them out: --ephemeral makes a directory of its own.",
    });
  }
  if (websocketPort === port) {
    throw new SynodError("BAD_REQUEST", `--port and --websocket-port are both ${port}`, {
      nextStep: "Give them different numbers: 8080 is a usual one for WebSocket.",
    });
  }
  const declared = chooseTopology(options);
  requireBrokerUsers(declared);
  const topology = { ...declared, servers: [`nats://127.0.0.1:${port}`] };
  const root = ephemeral ? mkdtempSync(join(tmpdir(), "synod-dev-")) : (data ?? ".synod");
  return {
    topology,
    port,
    websocketPort,
    root,
    clusterDirectory: join(root, topology.cluster),
    ephemeral,
    brokerConfig: join(
      packageRoot,
      websocketPort === undefined ? "nats.conf" : "nats-websocket.conf",
    ),
  };
}

/** The file that is named, or topology.yaml if it has as many nodes as are wanted, or one made up for that many. */
function chooseTopology({ file, nodes }: DevOptions): Topology {
  if (file !== undefined) {
    const topology = loadTopology(file);
    const { length } = topology.nodes;
    if (nodes === undefined || nodes === length) return topology;
    throw new SynodError(
      "BAD_REQUEST",
      `${file} names ${length} nodes, and --nodes says ${nodes}`,
      {
        nextStep: "Leave out --nodes to run the file as it is, or -f to run without a file.",
      },
    );
  }
  const topology = loadTopology(existsSync(usualFile) ? usualFile : shippedTopology());
  if (nodes === undefined || nodes === topology.nodes.length) return topology;
  // Another cluster, with a name and data of its own: the members of one cannot be changed by starting it again.
  return defaultTopology(nodes, `${topology.cluster}-${nodes}`);
}

function shippedTopology(): string {
  return resolve(packageRoot, usualFile);
}

/** nats.conf ties each node's name to a user and the subjects to one prefix: nothing else gets through there. */
function requireBrokerUsers({ nodes, prefix }: Topology): void {
  const stranger = nodes.find(({ name }) => !brokerUsers.includes(name));
  if (stranger !== undefined) {
    throw new SynodError(
      "TOPOLOGY_INVALID",
      `the topology names a node ${stranger.name}, and nats.conf has users for n1 to n7 only`,
      {
        nextStep:
          "Name the nodes n1 to n7, or run a NATS server of your own and start each node with `synod start`.",
      },
    );
  }
  if (prefix === topologyDefaults.prefix) return;
  throw new SynodError(
    "TOPOLOGY_INVALID",
    `the topology's prefix is ${prefix}, and nats.conf lets nodes speak under ${topologyDefaults.prefix} only`,
    {
      nextStep:
        "Leave the prefix out, or run a NATS server of your own and start each node with `synod start`.",
    },
  );
}
