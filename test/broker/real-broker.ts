/** Launches a real nats-server for a test, on a port of its own. */
import { findBroker } from "../../infra/broker/find-broker.ts";
import type { BrokerBinary } from "../../infra/broker/broker-binary.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";

/** The nats-server of this machine, fetched into the user's cache when there is none yet. */
export function realBroker(): Promise<BrokerBinary> {
  return findBroker({ environment: process.env, clock: systemClock });
}

export { freePort } from "../../infra/broker/free-port.ts";
