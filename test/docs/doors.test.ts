/** The same mistake through every door: client, raw subjects in JSON and msgpack, and the command line. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Packr } from "msgpackr";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Declared } from "../../client/commit.ts";
import { connect } from "../../client/connect.ts";
import type { SynodClient } from "../../client/synod-client.ts";
import { exitCodeFor } from "../../cli/output/exit-codes.ts";
import { errorTable, type ErrorCode } from "../../infra/errors/error-table.ts";
import { serviceCodeOf } from "../../infra/errors/service-code.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { valueBytesMax } from "../../kv/limits.ts";
import { runSynod } from "../cli/support/synod.ts";
import { startCluster, type Cluster } from "../cluster/support/cluster.ts";
import { BareNats, type BareMessage, type BareRequest } from "../support/bare-nats.ts";

let cluster: Cluster;
let nats: BareNats;
let client: SynodClient;
let directory: string;

beforeAll(async () => {
  cluster = await startCluster();
  nats = await BareNats.connect(cluster.broker.url);
  client = await connect({ servers: cluster.broker.url, timeoutMs: 20_000 });
  directory = mkdtempSync(join(tmpdir(), "synod-doors-"));
  await client.bucket().put("text", "no number");
});
afterAll(async () => {
  nats.close();
  await client.close();
  await cluster.close();
  rmSync(directory, { recursive: true });
});

interface Told {
  readonly code: string;
  readonly outcome: string;
  readonly retryable: boolean;
}

const packr = new Packr({ useRecords: false, int64AsType: "number" });
const packed = { "Content-Type": "application/msgpack" };

async function ofClient(promise: Promise<unknown>): Promise<Told> {
  const failure: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(failure instanceof SynodError)) throw new Error(`no SynodError: ${String(failure)}`);
  const { code, outcome, retryable } = failure;
  return { code, outcome, retryable };
}

/** The header has the number of the table's. */
function ofRaw({ body, headers }: BareMessage): Told {
  const isPacked = headers.get("Content-Type") === "application/msgpack";
  const answer: unknown = isPacked ? packr.unpack(body) : JSON.parse(body.toString());
  const { code, outcome, retryable } = (answer as { readonly error: Told }).error;
  const number = headers.get("Nats-Service-Error-Code");
  expect(number).toBe(String(serviceCodeOf(code as ErrorCode)));
  expect(headers.get("Nats-Service-Error")).toContain(`${code}: `);
  return { code, outcome, retryable };
}

/** The exit code is that of the table. */
async function ofCommand(args: readonly string[], input: string | Uint8Array = ""): Promise<Told> {
  const where = ["--servers", cluster.broker.url, "--timeout", "20s", "--json"];
  const { code: exit, stderr } = await runSynod([...args, ...where], { directory, input });
  const line = stderr.trim().split("\n").at(-1) ?? "";
  const { code, outcome, retryable } = (JSON.parse(line) as { readonly error: Told }).error;
  expect(exit).toBe(exitCodeFor(new SynodError(code as ErrorCode, "")));
  return { code, outcome, retryable };
}

/** A raw request, asked again while the group has no leader. */
async function ask(rest: string, request: BareRequest = {}): Promise<BareMessage> {
  for (let asked = 1; ; asked += 1) {
    try {
      return await nats.request(`synod.kv.${rest}`, request);
    } catch (failure) {
      if (asked === 4) throw failure;
    }
  }
}

interface Mistake {
  readonly name: string;
  readonly code: ErrorCode;
  /** As one transaction, in the words of raw subjects and of the command line. */
  readonly document?: { readonly checks?: readonly object[]; readonly ops?: readonly object[] };
  /** What the client calls otherwise than by a transaction; undefined: the transaction. */
  readonly client?: (client: SynodClient) => Promise<unknown>;
  /** The client's types, or its caller's shell, know no such mistake. */
  readonly notOf?: "client";
  /** msgpack cannot say it: its texts are UTF-8. */
  readonly isText?: boolean;
  /** The same on a subject of its own. */
  readonly subject?: string;
  readonly request?: BareRequest;
  /** The same as a command of its own. */
  readonly command?: readonly string[];
  readonly input?: string;
}

const put = (key: string, more: object = {}) => ({ op: "put", key, value: "x", ...more });
const long = "k".repeat(1025);
const large = "x".repeat(valueBytesMax + 1);

const mistakes: readonly Mistake[] = [
  {
    name: "a bucket with a colon",
    code: "BAD_BUCKET",
    document: { ops: [put("a", { bucket: "b:d" })] },
    subject: "b:d.put.a",
    command: ["put", "a", "x", "--bucket", "b:d"],
  },
  {
    name: "an empty key",
    code: "BAD_KEY",
    document: { ops: [put("")] },
    command: ["put", "", "x"],
  },
  {
    name: "a key that is too long",
    code: "BAD_KEY",
    document: { ops: [put(long)] },
    subject: `default.put.${long}`,
    command: ["get", long],
  },
  {
    name: "half of a surrogate pair as key",
    code: "BAD_KEY",
    isText: true,
    document: { ops: [put("a\ud800")] },
  },
  {
    name: "half of a surrogate pair as value",
    code: "BAD_REQUEST",
    isText: true,
    document: { ops: [put("a", { value: "a\ud800" })] },
  },
  {
    name: "a value that is too large",
    code: "VALUE_TOO_LARGE",
    document: { ops: [put("a", { value: large })] },
    subject: "default.put.a",
    request: { body: large },
    command: ["put", "a", "-"],
    input: large,
  },
  {
    name: "a negative lifetime",
    code: "BAD_REQUEST",
    document: { ops: [put("a", { ttlMs: -1 })] },
    subject: "default.put.a",
    request: { headers: { "Nats-TTL": "-1" } },
  },
  {
    name: "a lifetime of eleven years",
    code: "BAD_REQUEST",
    document: { ops: [put("a", { ttlMs: 11 * 366 * 86_400_000 })] },
    subject: "default.put.a",
    request: { headers: { "Nats-TTL": "100000h" } },
  },
  {
    name: "half a revision to expect",
    code: "BAD_REQUEST",
    document: { ops: [put("a", { previousRevision: 1.5 })] },
    subject: "default.put.a",
    request: { headers: { "Nats-Expected-Last-Subject-Sequence": "1.5" } },
  },
  {
    name: "a check of a negative revision",
    code: "BAD_REQUEST",
    document: { checks: [{ key: "a", revision: -1 }], ops: [put("a")] },
  },
  {
    name: "another revision than the key has",
    code: "CONFLICT",
    document: { checks: [{ key: "text", revision: 1 }], ops: [put("text")] },
    client: (one) => one.bucket().put("text", "x", { previousRevision: 1 }),
    subject: "default.put.text",
    request: { headers: { "Nats-Expected-Last-Subject-Sequence": "1" } },
    command: ["put", "text", "x", "--revision", "1"],
  },
  {
    name: "an increment of text",
    code: "NOT_A_NUMBER",
    document: { ops: [{ op: "increment", key: "text" }] },
    client: (one) => one.bucket().increment("text"),
    subject: "default.incr.text",
    command: ["incr", "text"],
  },
  {
    name: "half a delta",
    code: "BAD_REQUEST",
    document: { ops: [{ op: "increment", key: "n", delta: 1.5 }] },
    subject: "default.incr.n",
    request: { body: "1.5" },
  },
  {
    name: "too many operations",
    code: "TRANSACTION_TOO_LARGE",
    document: { ops: Array.from({ length: 129 }, (_, at) => put(`a${at}`)) },
  },
  {
    name: "too many bytes",
    code: "TRANSACTION_TOO_LARGE",
    document: { ops: ["a", "b"].map((key) => put(key, { value: "x".repeat(480_000) })) },
  },
  {
    name: "keys of two store groups",
    code: "CROSS_GROUP_TRANSACTION",
    document: { ops: [put("a"), put("k")] },
  },
  {
    name: "a key that is written twice",
    code: "BAD_REQUEST",
    document: { ops: [put("a"), put("a")] },
  },
  { name: "nothing to do", code: "BAD_REQUEST", document: { ops: [] } },
  {
    name: "an unknown operation",
    code: "BAD_REQUEST",
    document: { ops: [put("a", { op: "set" })] },
  },
  {
    name: "a check of nothing",
    code: "BAD_REQUEST",
    document: { checks: [{ key: "a" }], ops: [put("a")] },
  },
  {
    name: "an unknown field",
    code: "BAD_REQUEST",
    notOf: "client",
    document: { ops: [put("a", { ttl: 5 })] },
  },
  {
    name: "a list that is none",
    code: "BAD_REQUEST",
    document: { ops: null as never },
  },
  {
    name: "a cursor that is none",
    code: "BAD_REQUEST",
    client: (one) => one.bucket().watch({ cursor: "nonsense" }),
    subject: "default.range",
    request: { body: '{"cursor":"nonsense"}' },
    command: ["watch", "--cursor", "nonsense"],
  },
];

/** A transaction as the client takes it. */
function declaredOf({ checks, ops }: NonNullable<Mistake["document"]>): Declared {
  return { ...(checks && { checks }), operations: ops } as unknown as Declared;
}

describe.each(mistakes.map((mistake) => [mistake.name, mistake] as const))("%s", (_, mistake) => {
  const { code, document, notOf, subject, request, command, input } = mistake;
  const { outcome, retryable } = errorTable[code];
  const expected: Told = { code, outcome, retryable };

  test.runIf(notOf !== "client")("the client", async () => {
    const own = mistake.client ?? ((one) => one.commit(declaredOf(document ?? {})));
    // What is wrong in itself may be thrown at once.
    expect(await ofClient(Promise.resolve().then(() => own(client)))).toEqual(expected);
  });

  test.runIf(document !== undefined)("a raw transaction, in JSON and in msgpack", async () => {
    expect(ofRaw(await ask("default.txn", { body: JSON.stringify(document) }))).toEqual(expected);
    if (mistake.isText === true) return;
    const body = packr.pack(document);
    expect(ofRaw(await ask("default.txn", { body: Buffer.from(body), headers: packed }))).toEqual(
      expected,
    );
  });

  test.runIf(subject !== undefined)("a raw subject", async () => {
    expect(ofRaw(await ask(subject ?? "", request))).toEqual(expected);
  });

  test.runIf(document !== undefined)("synod txn", async () => {
    expect(await ofCommand(["txn"], JSON.stringify(document))).toEqual(expected);
  });

  test.runIf(command !== undefined)("a command", async () => {
    expect(await ofCommand(command ?? [], input)).toEqual(expected);
  });
});

test("a key that is not there is told as each door does", async () => {
  expect(await client.bucket().get("nowhere")).toBeNull();
  const expected = { code: "KEY_NOT_FOUND", outcome: "not executed", retryable: false };
  expect(ofRaw(await ask("default.get.nowhere"))).toEqual(expected);
  const where = ["--servers", cluster.broker.url];
  const { code } = await runSynod(["get", "nowhere", ...where], { directory });
  expect(code).toBe(4);
});
