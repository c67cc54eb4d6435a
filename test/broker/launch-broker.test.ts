import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { connect } from "nats";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { BrokerBinary } from "../../infra/broker/broker-binary.ts";
import { listenerAt } from "../../infra/transport/server-greeting.ts";
import { devPassword } from "../../infra/broker/dev-password.ts";
import { launchBroker, type BrokerLaunch } from "../../infra/broker/launch-broker.ts";
import { ChildSupervisor } from "../../infra/processes/child-supervisor.ts";
import { compiledPath } from "../support/compiled.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { isGone, waitUntil } from "../support/wait-until.ts";
import { freshFolder, writeProgram } from "./fake-programs.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { freePort, realBroker } from "./real-broker.ts";

let binary: BrokerBinary;
let folder: string;
let supervisor: ChildSupervisor;
let lines: string[];

beforeAll(async () => {
  binary = await realBroker();
});
beforeEach(() => {
  folder = freshFolder();
  supervisor = new ChildSupervisor(systemClock);
  lines = [];
});
afterEach(async () => {
  await supervisor.killAll();
  rmSync(folder, { recursive: true });
});

async function launchPlan(configuration: string, change: Partial<BrokerLaunch> = {}) {
  const configFile = join(folder, "nats.conf");
  writeFileSync(configFile, configuration);
  return {
    supervisor,
    clock: systemClock,
    randomness: systemRandomness,
    binary,
    configFile,
    host: "127.0.0.1",
    port: await freePort(),
    environment: {},
    onLine: (line: string) => lines.push(line),
    ...change,
  };
}

/** Accepts connections and treats each as told; gives back the port. */
async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

test("a launched server answers at once, on the port asked for, with the passwords given", async () => {
  const password = devPassword(systemRandomness);
  const plan = await launchPlan(
    "port: 1\nserver_name: other\nauthorization: { users: [{ user: n1, password: $SECRET }] }",
    { environment: { SECRET: password } },
  );
  const broker = await launchBroker(plan);
  expect(broker.address).toBe(`nats://127.0.0.1:${plan.port}`);
  const connection = await connect({ servers: broker.address, user: "n1", pass: password });
  expect(connection.info?.version).toBe(binary.version);
  await connection.close();
  await expect(
    connect({ servers: broker.address, user: "n1", pass: "wrong", reconnect: false }),
  ).rejects.toThrow(/Authorization/);
  expect(lines.join("\n")).toContain("Server is ready");
});

test("the configuration file may read host and port from its environment", async () => {
  const plan = await launchPlan("host: $SYNOD_NATS_HOST\nport: $SYNOD_NATS_PORT");
  await launchBroker(plan);
  expect(await listenerAt("127.0.0.1", plan.port, 1_000, systemClock)).toMatchObject({
    kind: "nats-server",
    version: binary.version,
  });
});

test("it collects its garbage seldom and has few threads, unless the environment says otherwise", async () => {
  const threads = Math.max(1, Math.floor(availableParallelism() / 4));
  for (const [name, environment, expected] of [
    ["GOGC", {}, 400],
    ["GOGC", { GOGC: "150" }, 150],
    ["GOMAXPROCS", {}, threads],
    ["GOMAXPROCS", { GOMAXPROCS: "3" }, 3],
  ] as const) {
    // The only setting of the process that it can be made to tell.
    const broker = await launchBroker(await launchPlan(`max_payload: $${name}`, { environment }));
    const connection = await connect({ servers: broker.address });
    expect(connection.info?.max_payload).toBe(expected);
    await connection.close();
    await broker.stop();
  }
});

test("a stopped server is gone, and its port is free again", async () => {
  const plan = await launchPlan("");
  const broker = await launchBroker(plan);
  const pid = supervisor.pidOf(broker.name) ?? 0;
  await broker.stop();
  expect(isGone(pid)).toBe(true);
  await launchBroker(plan);
});

test("a server that dies is started again on the same port", async () => {
  const plan = await launchPlan("");
  const broker = await launchBroker(plan);
  const first = supervisor.pidOf(broker.name) ?? 0;
  process.kill(first, "SIGKILL");
  await waitUntil("another nats-server process", () => {
    const pid = supervisor.pidOf(broker.name);
    return pid !== undefined && pid !== first;
  });
  const connection = await connect({
    servers: broker.address,
    waitOnFirstConnect: true,
    reconnectTimeWait: 10,
  });
  await connection.close();
});

test("a port that another nats-server has is told with that server's name and version", async () => {
  const plan = await launchPlan("server_name: elsewhere");
  await launchBroker(plan);
  const second = launchBroker({ ...plan, name: "second" });
  await expect(second).rejects.toMatchObject({
    code: "PORT_IN_USE",
    message: expect.stringMatching(
      `127.0.0.1:${plan.port} is taken by a nats-server ${binary.version} named "synod-`,
    ),
    nextStep: expect.stringContaining("--port"),
  });
  expect(supervisor.stateOf("second")).toBeUndefined();
});

test.each([
  ["greets otherwise", (socket: Socket) => socket.write("SSH-2.0-OpenSSH\r\n")],
  ["keeps silent", () => undefined],
  ["hangs up", (socket: Socket) => socket.end()],
  ["sends INFO that is no JSON", (socket: Socket) => socket.write("INFO {nonsense}\r\n")],
])("a port where something %s is told to be another program's", async (_what, treat) => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    treat(socket);
  });
  const port = await listen(server);
  await expect(launchBroker(await launchPlan("", { port }))).rejects.toMatchObject({
    code: "PORT_IN_USE",
    message: expect.stringContaining("a program that is no nats-server"),
  });
  server.close();
});

test("a port that is lost to another server during the start is told as taken", async () => {
  const go = join(folder, "go");
  const slow = writeProgram(
    join(folder, "slow-server"),
    `echo waiting; until [ -e ${go} ]; do sleep 0.01; done; exec ${binary.path} "$@"`,
  );
  const thief = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write('INFO {"server_name":"thief","version":"9.9.9"}\r\n');
  });
  const port = await freePort();
  const stealOnce = (line: string) => {
    if (line === "waiting") thief.listen(port, "127.0.0.1", () => writeFileSync(go, ""));
  };
  const plan = await launchPlan("", { port, binary: { ...binary, path: slow }, onLine: stealOnce });
  await expect(launchBroker(plan)).rejects.toMatchObject({
    code: "PORT_IN_USE",
    message: expect.stringContaining('a nats-server 9.9.9 named "thief"'),
  });
  thief.close();
});

test("a configuration the server refuses is told in its own words, and nothing is left running", async () => {
  const launched = launchBroker(
    await launchPlan("authorization { user: u, password: 12345 }\nnonsense!"),
  );
  await expect(launched).rejects.toMatchObject({
    code: "BROKER_FAILED",
    message: expect.stringMatching(/ended while starting \(exit code 1\)[^]*nats\.conf/),
  });
  expect(supervisor.stateOf("nats-server")?.kind).toBe("stopped");
});

test("a server that never answers is given up, and nothing is left running", async () => {
  const silent = writeProgram(join(folder, "silent"), "echo starting; exec sleep 600");
  const plan = await launchPlan("", {
    binary: { ...binary, path: silent },
    readyTimeoutMs: 100,
  });
  await expect(launchBroker(plan)).rejects.toMatchObject({
    code: "BROKER_FAILED",
    message: expect.stringMatching(/did not answer on 127\.0\.0\.1:\d+ within 0\.1 s[^]*starting/),
  });
  expect(supervisor.stateOf("nats-server")?.kind).toBe("stopped");
});

test("a server does not outlive a parent that is killed", async () => {
  const port = await freePort();
  const script = compiledPath("test/broker/launching-parent.ts");
  const parent = spawn(process.execPath, [script, binary.path, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  parent.stdout.setEncoding("utf8");
  parent.stdout.on("data", (text: string) => (output += text));
  await waitUntil("the parent has launched a server", () => output.includes("\n"));
  const pid = Number(output);
  expect(isGone(pid)).toBe(false);
  parent.kill("SIGKILL");
  await waitUntil("the server ends after its parent was killed", () => isGone(pid));
});

test("generated passwords are never read as numbers, durations or booleans", () => {
  for (let count = 0; count < 1_000; count++) {
    expect(devPassword(systemRandomness)).toMatch(/^[A-Za-z][A-Za-z0-9]{23}$/);
  }
  expect(devPassword(systemRandomness)).not.toBe(devPassword(systemRandomness));
});
