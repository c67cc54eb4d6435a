/** Three real nats-servers with routes between them, each with the shipped configuration for that. */
import { fileURLToPath } from "node:url";
import { freePort } from "../broker/real-broker.ts";
import { brokerPasswords } from "./broker-passwords.ts";
import { startNatsServer, type NatsServer } from "./nats-server.ts";

const routedConfiguration = fileURLToPath(new URL("../../nats-cluster.conf", import.meta.url));
export const routesPassword = "secretROUTES";

export interface RoutedServers {
  readonly servers: readonly NatsServer[];
  /** Where each expects the others. */
  readonly routePorts: readonly number[];
}

export async function startRoutedServers(): Promise<RoutedServers> {
  const routePorts = [await freePort(), await freePort(), await freePort()];
  const monitorPorts = [await freePort(), await freePort(), await freePort()];
  const servers = await Promise.all(
    routePorts.map((port, index) =>
      startNatsServer({
        config: routedConfiguration,
        env: { ...brokerPasswords, ...routesEnvironment(port, routePorts) },
        args: ["--name", `s${index + 1}`],
        monitorPort: monitorPorts[index] ?? 0,
      }),
    ),
  );
  return { servers, routePorts };
}

/** What the configuration reads besides the passwords of users. */
function routesEnvironment(
  ownPort: number,
  ports: readonly number[],
): Readonly<Record<string, string>> {
  return {
    SYNOD_NATS_ROUTES_LISTEN: `127.0.0.1:${ownPort}`,
    SYNOD_NATS_ROUTES_PASSWORD: routesPassword,
    ...Object.fromEntries(
      ports.map((port, index) => [
        `SYNOD_NATS_ROUTE_${index + 1}`,
        `nats://routes:${routesPassword}@127.0.0.1:${port}`,
      ]),
    ),
  };
}
