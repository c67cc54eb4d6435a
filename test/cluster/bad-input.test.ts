/** What anybody can send to a running cluster: it gets a typed error or silence, and nothing stops or changes. */
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { groupSubject, nodeApiSubject, nodeSubject, apiSubject } from "../../actors/subjects.ts";
import { replyKind, requestKind, requestVersion } from "../../infra/codec/formats.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import { decodeRoute, type Route } from "../../infra/codec/route-codec.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import { keyBytesMax, valueBytesMax } from "../../kv/limits.ts";
import { pack } from "../codec/support/msgpackr.ts";
import { passwordOf } from "../support/broker-passwords.ts";
import { startCluster, type Cluster } from "./support/cluster.ts";
import { RawClient } from "./support/raw-client.ts";
import { resultOf, textOf, type TestClient } from "./support/test-client.ts";

let cluster: Cluster;
let client: TestClient;
let raw: RawClient;
let route: Route;
let incarnations: readonly (number | undefined)[];

beforeAll(async () => {
  cluster = await startCluster();
  client = cluster.client("honest");
  const { servers, prefix } = cluster.topology;
  raw = new RawClient({ servers });
  await raw.connected();
  route = decodeRoute(await raw.request(apiSubject(prefix), new RequestEncoder().route()));
  incarnations = startsOf(cluster);
  resultOf(await client.put("a", "honest"));
});
afterAll(async () => {
  await raw.close();
  await cluster.close();
});

function startsOf({ nodes }: Cluster): readonly (number | undefined)[] {
  return nodes.map(({ name }) => cluster.status(name)?.incarnation);
}

/** No node has ended, none of its replicas has stopped, and keys are as they were. */
async function nothingHappened(): Promise<void> {
  await cluster.waitUntilServing();
  expect(startsOf(cluster)).toEqual(incarnations);
  for (const { name, endedBecause } of cluster.nodes) {
    expect(endedBecause).toBeUndefined();
    expect(cluster.status(name)?.replicas.map(({ stopped }) => stopped)).toEqual(
      cluster.topology.groups.map(() => undefined),
    );
  }
  expect(textOf(await client.get("a"))).toBe("honest");
  resultOf(await client.put("k", undefined));
}

let frames = 0;

interface FrameParts {
  readonly version?: unknown;
  readonly clusterId?: unknown;
  readonly group?: unknown;
  readonly session?: unknown;
  readonly born?: unknown;
  readonly number?: unknown;
  readonly operations: unknown;
}

/** A writing frame, good but for what is given. */
function writing(parts: FrameParts): Uint8Array {
  frames += 1;
  const session = Buffer.alloc(16, frames);
  const { version, clusterId, group, born, number, operations } = parts;
  return pack([
    version ?? requestVersion,
    requestKind.write,
    clusterId ?? route.clusterId,
    group ?? "g1",
    parts.session ?? session,
    born ?? route.stamp,
    number ?? 1,
    0,
    operations,
  ]);
}

function reading(operations: unknown, group = "g1", freshness: unknown = 0): Uint8Array {
  const { clusterId } = route;
  return pack([requestVersion, requestKind.read, clusterId, group, freshness, 0, 0, 7, operations]);
}

const key = (text: string): string => `default\0${text}`;
const put = (name: string, value: unknown = "bad"): unknown[] => [operationKind.put, name, value];

/** What the whole frame, or its first operation, is refused with. */
async function codeOf(frame: Uint8Array): Promise<string> {
  const { prefix } = cluster.topology;
  const leader = cluster.leaderOf("g1") ?? "";
  const reply = await raw.ask(nodeApiSubject(prefix, leader), frame);
  if (reply.kind === replyKind.refused) {
    expect(reply.outcome).toBe("not executed");
    return reply.code;
  }
  const [result] = reply.results;
  return typeof result === "object" && result.kind === 0 ? result.code : "executed";
}

test.each<[string, () => Uint8Array, string]>([
  ["no msgpack", () => Buffer.from("hello"), "BAD_REQUEST"],
  ["nothing", () => new Uint8Array(), "BAD_REQUEST"],
  ["a map", () => pack({ put: "a" }), "BAD_REQUEST"],
  ["another version", () => writing({ version: 99, operations: [put(key("a"))] }), "BAD_REQUEST"],
  ["a number as session", () => writing({ session: 5, operations: [] }), "BAD_REQUEST"],
  ["text as birth", () => writing({ born: "now", operations: [] }), "BAD_REQUEST"],
  ["frame number 0", () => writing({ number: 0, operations: [] }), "BAD_REQUEST"],
  ["operations that are none", () => writing({ operations: "many" }), "BAD_REQUEST"],
  ["an unknown operation", () => writing({ operations: [[99, key("a")]] }), "BAD_REQUEST"],
  ["a read among writes", () => writing({ operations: [[6, key("a")]] }), "BAD_REQUEST"],
  ["a number as key", () => writing({ operations: [[1, 5, "x"]] }), "BAD_REQUEST"],
  ["a list as value", () => writing({ operations: [put(key("a"), ["x"])] }), "BAD_REQUEST"],
  ["an unknown consistency", () => reading([[6, key("a")]], "g1", 9), "BAD_REQUEST"],
  ["a write among reads", () => reading([put(key("a"))]), "BAD_REQUEST"],
  ["a bucket with a blank", () => writing({ operations: [put("a b\0a")] }), "BAD_BUCKET"],
  ["a bucket with a dot", () => writing({ operations: [put("a.b\0a")] }), "BAD_BUCKET"],
  ["a key without bucket", () => writing({ operations: [put("a")] }), "BAD_BUCKET"],
  ["an empty key", () => writing({ operations: [put(key(""))] }), "BAD_KEY"],
  [
    "an oversized key",
    () => writing({ operations: [put(key("a".repeat(keyBytesMax + 1)))] }),
    "BAD_KEY",
  ],
  [
    "an oversized value",
    () => writing({ operations: [put(key("a"), Buffer.alloc(valueBytesMax + 1))] }),
    "VALUE_TOO_LARGE",
  ],
  [
    "an oversized frame",
    () => writing({ operations: [1, 2].map(() => put(key("a"), Buffer.alloc(522_900))) }),
    "FRAME_TOO_LARGE",
  ],
  ["another group's key", () => writing({ operations: [put(key("k"))] }), "WRONG_REGION"],
  ["an unknown group", () => writing({ group: "g9", operations: [] }), "WRONG_REGION"],
  [
    "another cluster",
    () => writing({ clusterId: "x", operations: [put(key("a"))] }),
    "WRONG_CLUSTER",
  ],
  [
    "a session of the future",
    () => writing({ born: route.stamp + 4096 * 60_000, operations: [put(key("a"))] }),
    "CLOCK_TOO_FAR_AHEAD",
  ],
])("%s is refused and changes nothing", async (_, frame, code) => {
  expect(await codeOf(frame())).toBe(code);
  expect(textOf(await client.get("a"))).toBe("honest");
});

test("a good frame is executed: what is refused above is refused for what is bad about it", async () => {
  expect(await codeOf(writing({ operations: [put(key("b"))] }))).toBe("executed");
  expect(await codeOf(reading([[6, key("b")]]))).toBe("executed");
  await nothingHappened();
});

test("any bytes on any subject that clients may use stop nobody", async () => {
  const { prefix } = cluster.topology;
  const subjects = [
    apiSubject(prefix),
    ...cluster.others().map((name) => nodeApiSubject(prefix, name)),
    ...["status", "regions", "node", "unknown"].map((what) => `${prefix}.admin.get.${what}`),
  ];
  const good = [
    writing({ operations: [put(key("c"))] }),
    reading([[6, key("a")]]),
    new RequestEncoder().route(),
  ];
  const replies = [undefined, `${raw.transport.inboxPrefix}.void`, "synod.p.n-n1.n2", "x"];
  await send(raw, subjects, good, replies);
  await nothingHappened();
});

test("any bytes of a node that has gone mad stop none of the others", async () => {
  const { prefix, servers } = cluster.topology;
  const heard: Uint8Array[] = [];
  const mad = new RawClient({
    servers,
    user: "n3",
    password: passwordOf("n3"),
  });
  await mad.connected();
  mad.transport.subscribe(`${prefix}.p.>`, ({ payload }) => {
    if (heard.length < 40) heard.push(Buffer.from(payload));
  });
  await cluster.waitUntil("messages between nodes are heard", () => heard.length === 40);
  const subjects = [
    ...["n1", "n2"].map((name) => nodeSubject(prefix, name, "n3")),
    ...cluster.topology.groups.map(({ name }) => groupSubject(prefix, name, "n3")),
  ];
  // Real messages, damaged: a whole one of another node would be an honest lie, against which there is no defence.
  const damaged = heard.map((message) => message.subarray(0, message.length - 1));
  await send(mad, subjects, damaged, [undefined]);
  await mad.close();
  await nothingHappened();
});

/** Random bytes and damaged good ones, a few hundred of each. */
async function send(
  from: RawClient,
  subjects: readonly string[],
  good: readonly Uint8Array[],
  replies: readonly (string | undefined)[],
): Promise<void> {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.anything().map((value) => pack(jsonOf(value))),
    fc
      .tuple(fc.constantFrom(...good), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 }))
      .map(([bytes, at, instead]) => {
        const copy = Buffer.from(bytes);
        copy.set(instead.slice(0, 1), at % copy.length);
        return copy.subarray(0, copy.length - (at % 3));
      }),
  );
  const message = fc.tuple(fc.constantFrom(...subjects), payload, fc.constantFrom(...replies));
  for (const [subject, bytes, reply] of fc.sample(message, { numRuns: 600, seed: 11 })) {
    from.transport.publish(subject, bytes, reply === undefined ? {} : { reply });
  }
  await from.flushed();
}

function jsonOf(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value) ?? "null") as unknown;
  } catch {
    return null;
  }
}
