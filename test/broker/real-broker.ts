/** Launches a real nats-server for a test, on a port of its own. */
import { createServer, type AddressInfo } from "node:net";
import { findBroker } from "../../infra/broker/find-broker.ts";
import type { BrokerBinary } from "../../infra/broker/broker-binary.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";

/** The nats-server of this machine, fetched into the user's cache when there is none yet. */
export function realBroker(): Promise<BrokerBinary> {
  return findBroker({ environment: process.env, clock: systemClock });
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
