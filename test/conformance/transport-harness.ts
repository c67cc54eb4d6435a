/** Ways to run the same claims about transports: over a real nats-server, twice, and over the simulated network. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { WebSocket } from "ws";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import { SimulatedNetwork } from "../../infra/transport/simulated-network.ts";
import type { Transport, TransportProblem } from "../../infra/transport/transport.ts";
import { WebSocketTransport } from "../../infra/transport/websocket-transport.ts";
import { freePort } from "../broker/real-broker.ts";
import { startNatsServer, type NatsServer } from "../support/nats-server.ts";

export interface ConnectOptions {
  readonly noEcho?: boolean;
  readonly onProblem?: (problem: TransportProblem) => void;
}

export interface TransportHarness {
  /** A transport that has begun to connect, of a process of its own. */
  open(options?: ConnectOptions): Transport;
  /** Lets time pass until the condition holds; fails with the claim if it does not come true. */
  until(claim: string, condition: () => boolean): Promise<void>;
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
  /** Closes every transport that was opened. */
  closeTransports(): Promise<void>;
  end(): Promise<void>;
}

const untilMsMax = 10_000;

export async function connected(
  harness: TransportHarness,
  options?: ConnectOptions,
): Promise<Transport> {
  const transport = harness.open(options);
  await harness.until("the transport connects", () => transport.connected);
  return transport;
}

/** Waits until the server has taken everything that this transport sent before. */
export async function flushed(harness: TransportHarness, transport: Transport): Promise<void> {
  let answers = 0;
  transport.flush((failure) => {
    expect(failure).toBeUndefined();
    answers += 1;
  });
  await harness.until("the flush is answered", () => answers === 1);
}

/** Polls; with a claim instead of a mere timeout. */
export async function untilTrue(claim: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + untilMsMax;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${claim}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
}

export async function realHarness(): Promise<TransportHarness> {
  return overServer(await startNatsServer(), (settings, url) => {
    return new NatsTransport({ ...settings, servers: [url] });
  });
}

export async function webSocketHarness(): Promise<TransportHarness> {
  // As browsers have it, and Node from version 22 on.
  (globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "synod-websocket-"));
  const config = join(folder, "nats.conf");
  const listener = `websocket { listen: "127.0.0.1:${port}", no_tls: true }`;
  writeFileSync(config, `host: "127.0.0.1"\n${listener}\n`);
  const harness = overServer(await startNatsServer({ config }), (settings) => {
    const [clock, randomness] = [systemClock, systemRandomness];
    const servers = [`ws://127.0.0.1:${port}`];
    return new WebSocketTransport({ ...settings, servers, clock, randomness });
  });
  return {
    ...harness,
    async end() {
      await harness.end();
      rmSync(folder, { recursive: true });
    },
  };
}

interface Settings {
  readonly name: string;
  readonly noEcho: boolean;
  readonly reconnectDelayMs: number;
  readonly onProblem: (problem: TransportProblem) => void;
}

function overServer(
  started: NatsServer,
  open: (settings: Settings, url: string) => Transport,
): TransportHarness {
  let server = started;
  const transports: Transport[] = [];
  return {
    open(options = {}) {
      const settings = {
        name: `conformance ${transports.length}`,
        noEcho: options.noEcho ?? false,
        reconnectDelayMs: 10,
        onProblem: options.onProblem ?? unexpectedUnlessDisconnected,
      };
      const transport = open(settings, server.url);
      transports.push(transport);
      return transport;
    },
    until: untilTrue,
    stopServer: () => server.kill(),
    async startServer() {
      server = await server.restart();
    },
    async closeTransports() {
      for (const transport of transports.splice(0)) await transport.close();
    },
    end: () => server.kill(),
  };
}

export function simulatedHarness(): Promise<TransportHarness> {
  const world = new SimulatedWorld();
  const network = new SimulatedNetwork(world, seeded("conformance"));
  const transports: Transport[] = [];
  return Promise.resolve({
    open(options = {}) {
      const process = world.machine(`p${transports.length}`).start();
      const transport = network.connect(process, {
        noEcho: options.noEcho ?? false,
        reconnectDelayMs: 10,
        onProblem: options.onProblem ?? unexpectedUnlessDisconnected,
      });
      transports.push(transport);
      return transport;
    },
    until(claim, condition) {
      const held = world.runUntil(condition, untilMsMax);
      return held ? Promise.resolve() : Promise.reject(new Error(`never came true: ${claim}`));
    },
    stopServer() {
      network.stopBroker();
      return Promise.resolve();
    },
    startServer() {
      network.startBroker();
      return Promise.resolve();
    },
    async closeTransports() {
      for (const transport of transports) await transport.close();
    },
    end: () => Promise.resolve(),
  });
}

function unexpectedUnlessDisconnected(problem: TransportProblem): void {
  if (problem.kind !== "not connected") throw problem.cause;
}
