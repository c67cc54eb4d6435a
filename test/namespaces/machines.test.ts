/** One node on each machine, started with the same file and one NATS address; a cable is pulled and put back. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultTopology } from "../../infra/topology/default-topology.ts";
import { renderTopology } from "../../infra/topology/render-topology.ts";
import { brokerPasswords, passwordOf } from "../support/broker-passwords.ts";
import { compiledPath } from "../support/compiled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Machines } from "./support/machines.ts";

interface Status {
  readonly groups: readonly { readonly group: string; readonly leader: string | null }[];
  readonly nodes: readonly {
    readonly node: string;
    readonly answered: boolean;
    readonly state?: string;
  }[];
}

const names = ["n1", "n2", "n3"];
const brokerConfiguration = fileURLToPath(new URL("../../nats.conf", import.meta.url));
const synod = [process.execPath, compiledPath("cli/main.ts")];

let directory: string;
let machines: Machines;
let servers: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "synod-machines-"));
  machines = new Machines(names);
  machines.make();
  servers = `nats://${machines.hubAddress}:4222`;
  const broker = machines.start(
    machines.hub,
    [
      process.env["SYNOD_NATS_SERVER"] ?? "nats-server",
      "-c",
      brokerConfiguration,
      "-a",
      machines.hubAddress,
      "-p",
      "4222",
    ],
    brokerPasswords,
    directory,
  );
  await waitUntil("nats-server is ready", () =>
    broker.lines.some((line) => line.includes("Server is ready")),
  );
  const file = join(directory, "topology.yaml");
  writeFileSync(file, renderTopology(defaultTopology(3, "machines", [servers])));
  for (const name of names) {
    const own = { [`SYNOD_NATS_PASSWORD_${name.toUpperCase()}`]: passwordOf(name) };
    machines.start(name, [...synod, "start", "--node", name, "-f", file], own, directory);
  }
});
afterAll(async () => {
  await machines.remove();
  rmSync(directory, { recursive: true, force: true });
});

function command(machine: string, ...words: readonly string[]): Promise<string> {
  return machines.command(machine, [...synod, ...words, "--servers", servers]);
}

/** Asks until the cluster looks as described; `undefined` while it cannot be asked at all. */
async function waitUntilStatus(what: string, holds: (status: Status) => boolean): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  let text = "";
  while (performance.now() < deadlineMs) {
    try {
      text = await command(machines.hub, "status", "--json");
      if (holds(JSON.parse(text) as Status)) return;
    } catch (failure) {
      text = String(failure);
    }
  }
  throw new Error(`it never came about that ${what}:\n${text}`);
}

function allServe({ nodes, groups }: Status): boolean {
  return (
    nodes.length === names.length &&
    nodes.every(({ state }) => state === "serving") &&
    groups.length === 3 &&
    groups.every(({ leader }) => leader !== null)
  );
}

test("nodes on three machines, started with one file, make a cluster that any machine can use", async () => {
  await waitUntilStatus("all three serve", allServe);
  for (const name of names) await command(name, "put", `from-${name}`, `written on ${name}`);
  for (const name of names) {
    expect(await command(machines.hub, "get", `from-${name}`)).toBe(`written on ${name}\n`);
  }
});

test("with one machine's cable pulled the others go on, and it catches up when it is put back", async () => {
  machines.cut("n2");
  await waitUntilStatus("n1 and n3 lead all groups", ({ groups }) =>
    groups.every(({ leader }) => leader === "n1" || leader === "n3"),
  );
  for (const key of ["a-meanwhile", "k-meanwhile", "z-meanwhile"]) {
    await command("n1", "put", key, "without n2");
    expect(await command("n3", "get", key)).toBe("without n2\n");
  }
  await expect(command("n2", "get", "a-meanwhile", "--timeout", "1s")).rejects.toThrow();
  machines.mend("n2");
  await waitUntilStatus("all three serve again", allServe);
  for (const key of [
    "a-meanwhile",
    "k-meanwhile",
    "z-meanwhile",
    ...names.map((n) => `from-${n}`),
  ]) {
    expect(await command("n2", "get", key)).toMatch(/without n2|written on/);
  }
});
