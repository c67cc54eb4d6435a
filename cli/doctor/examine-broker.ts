/** What can be said about the NATS servers: version, limits, how far away they are, and what this user may do. */
import { setImmediate } from "node:timers/promises";
import {
  isBrokerVersionSupported,
  oldestBrokerVersion,
} from "../../infra/broker/broker-version.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { addressOf } from "../../infra/transport/nats-access.ts";
import { listenerAt, type Listener } from "../../infra/transport/server-greeting.ts";
import type { Transport, TransportProblem } from "../../infra/transport/transport.ts";
import { withoutPassword } from "../connection/not-connected.ts";
import { bytesText, millisecondsText } from "../output/quantities.ts";
import { finding, levelOf, percentilesOf, type Finding } from "./finding.ts";

const area = "nats-server";
const greetingMsMax = 2_000;

/** Whoever listens at the addresses, without logging in. */
export function examineGreetings(servers: readonly string[]): Promise<Finding[]> {
  return Promise.all(
    servers.map(async (server) => {
      const { host, port } = addressOf(server);
      const listener = await listenerAt(host, port, greetingMsMax, systemClock);
      return greeting(withoutPassword(server), listener);
    }),
  );
}

export function greeting(server: string, listener: Listener): Finding {
  const about = { area, check: `server ${server}` } as const;
  if (listener.kind === "nobody") {
    const step = "Start it, or name the right one with --servers.";
    return finding({ ...about, found: "nobody listens" }, "fail", "nothing can connect", step);
  }
  if (listener.kind === "stranger") {
    const step = "Name a nats-server's address and port; with TLS the port is the same.";
    const found = "does not greet like a nats-server";
    return finding({ ...about, found }, "fail", "nothing can connect", step);
  }
  const { version } = listener;
  return finding(
    { ...about, found: `nats-server ${version}` },
    isBrokerVersionSupported(version) ? "ok" : "fail",
    `Synod is tested with ${oldestBrokerVersion} and newer`,
    "Install a newer nats-server.",
  );
}

const roundTrips = 25;

export async function examineConnection(transport: Transport): Promise<Finding[]> {
  const tookMs: number[] = [];
  for (let trip = 0; trip < roundTrips; trip++) {
    const beganMs = performance.now();
    await flushed(transport);
    tookMs.push(performance.now() - beganMs);
  }
  return [roundTrip(tookMs), largestMessage(transport.payloadBytesMax)];
}

function flushed(transport: Transport): Promise<void> {
  return new Promise((resolve, reject) => {
    transport.flush((failure) => (failure === undefined ? resolve() : reject(failure)));
  });
}

export function roundTrip(tookMs: readonly number[]): Finding {
  const { p50Ms, p99Ms } = percentilesOf(tookMs);
  const about = {
    area,
    check: "round trip",
    found: `p50 ${millisecondsText(p50Ms)}, p99 ${millisecondsText(p99Ms)}`,
    measured: { p50Ms, p99Ms },
  } as const;
  return finding(
    about,
    levelOf(p50Ms, { warn: 10, fail: 150 }),
    "a write takes two of them between nodes, and leases last 600 ms unless configured",
    "Run nodes and nats-server close to each other, or raise leaseMs in the topology.",
  );
}

const mebibyte = 1024 ** 2;

export function largestMessage(bytes: number): Finding {
  const about = {
    area,
    check: "max_payload",
    found: bytesText(bytes),
    measured: { bytes },
  } as const;
  if (bytes < mebibyte) {
    const problem = "a value of 512 KiB and a transaction of 900 KiB may not fit";
    return finding(about, "warn", problem, "Set max_payload: 1MB in the server's configuration.");
  }
  const problem = "one large message holds up everybody behind it on the same connection";
  const level = bytes > 8 * mebibyte ? "warn" : "ok";
  return finding(about, level, problem, "Set max_payload: 1MB in the server's configuration.");
}

interface Permission {
  readonly operation: "publish" | "subscribe";
  readonly subject: string;
  readonly purpose: string;
  /** Without it no client works at all. */
  readonly isVital?: boolean;
}

/** What clients use; see nats.conf. A bucket that nobody has stands in for all. */
function clientPermissions(prefix: string): readonly Permission[] {
  const [publish, subscribe] = ["publish", "subscribe"] as const;
  return [
    { operation: publish, subject: `${prefix}.api`, purpose: "every client", isVital: true },
    { operation: publish, subject: `${prefix}.kv.synod-doctor.get.x`, purpose: "raw subjects" },
    { operation: publish, subject: `${prefix}.admin.get.node`, purpose: "`synod status`" },
    { operation: publish, subject: "$SRV.PING", purpose: "`nats micro ls`" },
    { operation: subscribe, subject: `${prefix}.feed.>`, purpose: "watches of the client" },
    { operation: subscribe, subject: `${prefix}.kv.*.watch.>`, purpose: "watches by subject" },
    { operation: subscribe, subject: `${prefix}.events.>`, purpose: "`synod inspect`" },
  ];
}

/** Where only nodes may speak: there a client could pass for one. Nobody listens to these names. */
function forgeries(prefix: string): readonly string[] {
  return [`${prefix}.p.synod-doctor.synod-doctor`, `${prefix}.kv.synod-doctor.watch.x`];
}

/** `problems` is filled by the transport as the server refuses. */
export async function examinePermissions(
  transport: Transport,
  prefix: string,
  problems: readonly TransportProblem[],
): Promise<Finding[]> {
  const nothing = new Uint8Array(0);
  const permissions = clientPermissions(prefix);
  const open = permissions
    .filter(({ operation }) => operation === "subscribe")
    .map(({ subject }) => transport.subscribe(subject, () => undefined));
  for (const { operation, subject } of permissions) {
    if (operation === "publish") transport.publish(subject, nothing);
  }
  for (const subject of forgeries(prefix)) transport.publish(subject, nothing);
  // The server answers in order: its refusals come before the answer to the second flush at the latest.
  await flushed(transport);
  await flushed(transport);
  await setImmediate();
  for (const subscription of open) subscription.close();
  const refused = new Set(
    problems.flatMap((problem) =>
      problem.kind === "permission refused" ? [`${problem.operation} ${problem.subject}`] : [],
    ),
  );
  return permissionFindings(prefix, refused);
}

export function permissionFindings(prefix: string, refused: ReadonlySet<string>): Finding[] {
  const missing = clientPermissions(prefix).filter(({ operation, subject }) =>
    refused.has(`${operation} ${subject}`),
  );
  const forged = forgeries(prefix).filter((subject) => !refused.has(`publish ${subject}`));
  const list = missing.map(
    ({ operation, subject, purpose }) => `${operation} ${subject} (${purpose})`,
  );
  return [
    finding(
      {
        area,
        check: "this user's permissions",
        found: missing.length === 0 ? "what clients need" : `refused: ${list.join(", ")}`,
      },
      missing.some(({ isVital }) => isVital === true) ? "fail" : missing.length > 0 ? "warn" : "ok",
      "what needs it does not work for this user",
      "Give the user the permissions of `client` in nats.conf, or log in as another.",
    ),
    finding(
      {
        area,
        check: "forgeries",
        found: forged.length === 0 ? "refused" : `the server takes ${forged.join(", ")}`,
      },
      forged.length === 0 ? "ok" : "warn",
      "whoever logs in like this can speak as a node or forge changes",
      "Use nats.conf as shipped, which gives every node a user of its own.",
    ),
  ];
}
