/** Runs once before the first test file: what all of them share is made here, so that none of them waits for it. */
import { findBroker } from "../../infra/broker/find-broker.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { compileOnce } from "./compiled.ts";

export default async function beforeAll(): Promise<void> {
  compileOnce();
  const { path } = await findBroker({ environment: process.env, clock: systemClock });
  // Test files run in processes of their own, which inherit it.
  process.env["SYNOD_NATS_SERVER"] = path;
}
