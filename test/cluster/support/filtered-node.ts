/**
 * A node whose ears are controlled from outside: the file `deaf-to` in its working directory names the nodes whose
 * messages are dropped where they arrive. It is read at the start and at every SIGUSR2, and what was read is logged.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startNodeProcess } from "../../../actors/node/node-process.ts";
import { loadTopology } from "../../../infra/topology/load-topology.ts";
import { DeafTransport } from "./deaf-transport.ts";

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: "string", default: "" },
    file: { type: "string", default: "" },
    data: { type: "string", default: "" },
    limit: { type: "string", multiple: true, default: [] },
  },
});
const { node, file, data: dataDirectory } = values;
const deafTo = new Set<string>();

function listenAnew(): void {
  let text = "";
  try {
    text = readFileSync("deaf-to", "utf8");
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ENOENT") throw failure;
  }
  deafTo.clear();
  for (const name of text.split(" ")) deafTo.add(name);
  log(`deaf to: ${text}`);
}

function log(msg: string, details: Readonly<Record<string, unknown>> = {}): void {
  console.log(JSON.stringify({ msg, ...details }));
}

listenAnew();
process.on("SIGUSR2", listenAnew);
const topology = loadTopology(file);
const running = await startNodeProcess({
  topology,
  node,
  dataDirectory,
  access: {
    servers: topology.servers,
    user: node,
    password: process.env[`SYNOD_NATS_PASSWORD_${node.toUpperCase()}`] ?? "",
  },
  limits: Object.fromEntries(
    values.limit.map((setting) => {
      const [name = "", value] = setting.split("=");
      return [name, Number(value)];
    }),
  ),
  version: "test",
  vitals: () => ({}),
  log,
  wrapPeers: (peers) => new DeafTransport(peers, deafTo),
});
process.on("SIGTERM", () => running.drain());
await running.ended;
