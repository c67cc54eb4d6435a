/** A process that launches a nats-server, prints the server's process id and lives until it is killed. */
import { launchBroker } from "../../infra/broker/launch-broker.ts";
import { ChildSupervisor } from "../../infra/processes/child-supervisor.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";

const [path = "", port = ""] = process.argv.slice(2);
const supervisor = new ChildSupervisor(systemClock);
const broker = await launchBroker({
  supervisor,
  clock: systemClock,
  randomness: { fraction: () => 0, identifier: () => process.pid, bytes: () => new Uint8Array() },
  binary: { path, version: "of the test", source: "PATH" },
  configFile: "/dev/null",
  host: "127.0.0.1",
  port: Number(port),
  environment: {},
});
console.log(supervisor.pidOf(broker.name));
