/** Any NATS client reaches the store: every verb, header and error, spoken on a bare socket to a real cluster. */
import { Packr } from "msgpackr";
import { afterAll, beforeAll, expect, test } from "vitest";
import { valueBytesMax } from "../../kv/limits.ts";
import { startCluster, type Cluster } from "../cluster/support/cluster.ts";
import { BareNats, type BareMessage, type BareRequest } from "../support/bare-nats.ts";
import { waitUntil } from "../support/wait-until.ts";

let cluster: Cluster;
let nats: BareNats;

beforeAll(async () => {
  cluster = await startCluster();
  nats = await BareNats.connect(cluster.broker.url);
});
afterAll(async () => {
  nats.close();
  await cluster.close();
});

const packr = new Packr({ useRecords: false, int64AsType: "number" });
const packed = { "Content-Type": "application/msgpack" };

function ask(rest: string, request: BareRequest = {}, bucket = "default"): Promise<BareMessage> {
  return nats.request(`synod.kv.${bucket}.${rest}`, request);
}

interface Json {
  readonly revision: number;
  readonly value?: number;
  readonly existed?: boolean;
  readonly cursor?: string;
  readonly entries: readonly { readonly key: string; readonly value?: string }[];
  readonly results: readonly object[];
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    readonly outcome: string;
    readonly revision?: number;
  };
}

function json({ body }: BareMessage): Json {
  return JSON.parse(body.toString()) as Json;
}

async function askJson(rest: string, body: unknown, bucket = "default"): Promise<Json> {
  return json(await ask(rest, { body: JSON.stringify(body) }, bucket));
}

/** Code, number, and outcome of an error. */
function errorOf(message: BareMessage): string {
  const { code, outcome } = json(message).error;
  expect(message.headers.get("Nats-Service-Error")).toContain(`${code}: `);
  return `${code} ${message.headers.get("Nats-Service-Error-Code")} ${outcome}`;
}

async function put(key: string, body: string, headers: Record<string, string> = {}) {
  return json(await ask(`put.${key}`, { body, headers })).revision;
}

async function get(key: string): Promise<string> {
  return (await ask(`get.${key}`)).body.toString();
}

test("what was put is got, with its revision and its time in headers", async () => {
  const before = Date.now();
  const revision = await put("greeting", "hello");
  const { body, headers } = await ask("get.greeting");
  expect(body.toString()).toBe("hello");
  expect(headers.get("Synod-Revision")).toBe(String(revision));
  const created = Date.parse(headers.get("Synod-Created") ?? "");
  expect(Math.abs(created - before)).toBeLessThan(5_000);
  expect(headers.get("Synod-Created")).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(headers.has("Synod-Expires")).toBe(false);
});

test("keys may hold dots, and values any bytes or none", async () => {
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  await ask("put.a.b-c/d_e=f", { body: bytes });
  expect((await ask("get.a.b-c/d_e=f")).body).toEqual(bytes);
  await put("empty", "");
  const empty = await ask("get.empty");
  expect([empty.body.length, empty.headers.has("Synod-Revision")]).toEqual([0, true]);
});

test("a key that does not exist is a 404", async () => {
  expect(errorOf(await ask("get.nowhere"))).toBe("KEY_NOT_FOUND 404 not executed");
});

test("a delete says what it found", async () => {
  const revision = await put("doomed", "1");
  const removed = json(await ask("delete.doomed"));
  expect([removed.existed, removed.revision > revision]).toEqual([true, true]);
  expect(json(await ask("delete.doomed")).existed).toBe(false);
  expect(errorOf(await ask("get.doomed"))).toContain("404");
});

test("a counter counts, by one or by what the body says", async () => {
  const values = [];
  for (const body of ["", "5", "-2", "+3\n"]) {
    values.push(json(await ask("incr.visits", { body })).value);
  }
  expect(values).toEqual([1, 6, 4, 7]);
  expect(await get("visits")).toBe("7");
  await put("text", "abc");
  expect(errorOf(await ask("incr.text"))).toBe("NOT_A_NUMBER 400 not executed");
  for (const body of ["x", "1.5", "9".repeat(40), "--1"]) {
    expect(errorOf(await ask("incr.visits", { body }))).toBe("BAD_REQUEST 400 not executed");
  }
  expect(await get("visits")).toBe("7");
});

test("a write can expect a revision, and 0 expects that there is no such key", async () => {
  const expected = (revision: number): Record<string, string> => ({
    "Nats-Expected-Last-Subject-Sequence": String(revision),
  });
  const created = await put("cas", "1", expected(0));
  const again = await ask("put.cas", { body: "2", headers: expected(0) });
  expect(errorOf(again)).toBe("CONFLICT 409 not executed");
  expect(json(again).error.revision).toBe(created);
  const updated = await put("cas", "2", expected(created));
  expect(errorOf(await ask("delete.cas", { headers: expected(created) }))).toContain("409");
  expect(json(await ask("delete.cas", { headers: expected(updated) })).existed).toBe(true);
  const gone = await ask("put.cas", { body: "3", headers: expected(updated) });
  expect([errorOf(gone), json(gone).error.revision]).toEqual(["CONFLICT 409 not executed", 0]);
});

test("of many who expect the same revision one wins", async () => {
  const revision = await put("race", "0");
  const headers = { "Nats-Expected-Last-Subject-Sequence": String(revision) };
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, at) => ask("put.race", { body: String(at), headers })),
  );
  const won = answers.filter((answer) => json(answer).error === undefined);
  expect(won).toHaveLength(1);
  const winner = answers.indexOf(won[0] as BareMessage);
  expect(await get("race")).toBe(String(winner));
});

test.each([
  ["500ms", 500],
  ["1", 1_000],
  ["0.4s", 400],
  ["1h2m3.5s", 3_723_500],
])("a key put with Nats-TTL %s says when it expires", async (ttl, ttlMs) => {
  const revision = await put("short", "1", { "Nats-TTL": ttl });
  const { headers } = await ask("get.short");
  expect(headers.get("Synod-Revision")).toBe(String(revision));
  const times = ["Synod-Created", "Synod-Expires"].map((name) =>
    Date.parse(headers.get(name) ?? ""),
  );
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(ttlMs);
});

test("a key that expires is gone", async () => {
  await put("fleeting", "1", { "Nats-TTL": "50ms" });
  for (;;) {
    const answer = await ask("get.fleeting");
    if (answer.headers.get("Nats-Service-Error-Code") === "404") break;
    expect(answer.body.toString()).toBe("1");
  }
  await put("lasting", "1", { "Nats-TTL": "never" });
  expect((await ask("get.lasting")).headers.has("Synod-Expires")).toBe(false);
});

test.each([
  ["an expectation that is no number", { "Nats-Expected-Last-Subject-Sequence": "x" }],
  ["an expectation below zero", { "Nats-Expected-Last-Subject-Sequence": "-1" }],
  ["an empty expectation", { "Nats-Expected-Last-Subject-Sequence": "" }],
  [
    "an expectation of more than 53 bits",
    { "Nats-Expected-Last-Subject-Sequence": "9".repeat(16) },
  ],
  ["a ttl without unit or with a strange one", { "Nats-TTL": "10y" }],
  ["a ttl of nothing", { "Nats-TTL": "0" }],
  ["a negative ttl", { "Nats-TTL": "-1s" }],
  ["a ttl of more than ten years", { "Nats-TTL": "100000h" }],
  ["a ttl below a millisecond", { "Nats-TTL": "10us" }],
  ["an empty message id", { "Nats-Msg-Id": "" }],
  ["a message id of two kilobytes", { "Nats-Msg-Id": "i".repeat(2048) }],
])("%s is refused, and nothing is written", async (_, headers) => {
  expect(errorOf(await ask("put.refused", { body: "1", headers }))).toBe(
    "BAD_REQUEST 400 not executed",
  );
  expect(errorOf(await ask("get.refused"))).toContain("404");
});

test("headers that cannot be read are refused, instead of being passed over", async () => {
  const rawHeaders = "Nats-Expected-Last-Subject-Sequence : 5\r\n";
  const answer = await ask("put.malformed", { body: "1", rawHeaders });
  expect(errorOf(answer)).toBe("BAD_REQUEST 400 not executed");
});

test.each([
  ["get.a", { "Nats-TTL": "1s" }],
  ["get.a", { "Nats-Msg-Id": "1" }],
  ["incr.a", { "Nats-Expected-Last-Subject-Sequence": "1" }],
  ["delete.a", { "Nats-TTL": "1s" }],
  ["range", { "Nats-Expected-Last-Subject-Sequence": "1" }],
  ["txn", { "Nats-TTL": "1s" }],
])("%s with a header that does not go with it is refused", async (rest, headers) => {
  expect(errorOf(await ask(rest, { headers }))).toBe("BAD_REQUEST 400 not executed");
});

test.each([
  ["put.a$b", "BAD_KEY"],
  ["get.sch\u00f6n", "BAD_KEY"],
  ["delete.a:b", "BAD_KEY"],
  [`incr.${"k".repeat(1025)}`, "BAD_KEY"],
])("the key of %s is none for a subject", async (rest, code) => {
  expect(errorOf(await ask(rest))).toBe(`${code} 400 not executed`);
});

test.each(["b$d", "b:d", "b".repeat(129)])("the bucket %s is none", async (bucket) => {
  expect(errorOf(await ask("put.a", {}, bucket))).toBe("BAD_BUCKET 400 not executed");
  expect(errorOf(await ask("range", {}, bucket))).toBe("BAD_BUCKET 400 not executed");
});

test("a value that is too large is a 413, and one that just fits is stored", async () => {
  const body = Buffer.alloc(valueBytesMax, 1);
  await ask("put.large", { body });
  expect((await ask("get.large")).body.equals(body)).toBe(true);
  const larger = await ask("put.larger", { body: Buffer.alloc(valueBytesMax + 1) });
  expect(errorOf(larger)).toBe("VALUE_TOO_LARGE 413 not executed");
});

test("a bare publish is carried out without a word", async () => {
  nats.publish("synod.kv.default.put.bare", { body: "1" });
  nats.publish("synod.kv.default.incr.bareCount", { body: "3" });
  for (let count = 0, told = ""; told !== "1"; count++) {
    expect(count).toBeLessThan(1_000);
    const answer = await ask("get.bare");
    told = answer.body.toString();
  }
  nats.publish("synod.kv.default.put.bare..bad", { body: "1" });
  expect(await get("bare")).toBe("1");
});

test("no other subject than an inbox is answered", async () => {
  let heard = 0;
  nats.subscribe("synod.kv.default.watch.x", () => (heard += 1));
  nats.publish("synod.kv.default.put.spoof", { body: "1", reply: "synod.kv.default.watch.x" });
  await put("after", "1");
  expect(errorOf(await ask("get.spoof"))).toContain("404");
  expect(heard).toBe(0);
});

test("a message id makes one of a request that is sent again, with another reply subject", async () => {
  const headers = { "Nats-Msg-Id": "order-17" };
  const first = json(await ask("incr.orders", { headers }));
  const again = json(await ask("incr.orders", { headers }));
  expect(again).toEqual(first);
  expect(await get("orders")).toBe("1");
  const other = await ask("incr.orders", { headers, body: "2" });
  expect(errorOf(other)).toBe("REQUEST_ID_REUSED 409 not executed");
  // The key belongs to the identity.
  expect(json(await ask("incr.orders2", { headers })).value).toBe(1);
});

test("requests at the same time under one message id are one", async () => {
  const headers = { "Nats-Msg-Id": "order-18" };
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      ask("incr.sameTime", { headers, timeoutMs: 1_000 }).then(json, () => undefined),
    ),
  );
  const told = answers.filter((answer) => answer !== undefined);
  expect(told.length).toBeGreaterThan(0);
  expect(new Set(told.map(({ value }) => value))).toEqual(new Set([1]));
  expect(await get("sameTime")).toBe("1");
});

test("a reply subject that is used twice answers alike, and not another request", async () => {
  const reply = `${nats.inbox}.reused`;
  const first = json(await ask("incr.reused", { reply }));
  expect(json(await ask("incr.reused", { reply }))).toEqual(first);
  expect(errorOf(await ask("incr.reused", { reply, body: "7" }))).toContain("REQUEST_ID_REUSED");
});

test("a range is paged, both ways, across the groups that its keys lie in", async () => {
  // Of the bucket `pages` all keys lie in one group, of `default` in several.
  for (const bucket of ["pages", "default"]) {
    const keys = Array.from({ length: 26 }, (_, at) => `r.${String.fromCharCode(97 + at)}`);
    const spread = ["a", "h", "j", "p", "s", "z"].flatMap((first) => [`${first}1`, `${first}2`]);
    const own = bucket === "pages" ? keys : spread;
    for (const key of own) await ask(`put.${key}`, { body: key }, bucket);
    const all = [...own].sort();
    for (const reverse of [false, true]) {
      const found: string[] = [];
      let pages = 0;
      let cursor: string | undefined;
      do {
        const page = await askJson("range", { limit: 5, reverse, cursor }, bucket);
        found.push(...page.entries.map(({ key }) => key));
        ({ cursor } = page);
        pages += 1;
      } while (cursor !== undefined);
      const mine = found.filter((key) => all.includes(key));
      expect(mine).toEqual(reverse ? all.toReversed() : all);
      expect(pages).toBeGreaterThan(2);
    }
  }
});

test("a range takes bounds, a prefix, or keys alone", async () => {
  for (const key of ["p.a", "p.b", "p.c", "q.a"]) await ask(`put.${key}`, { body: "v" }, "some");
  const keysOf = async (body: object): Promise<string[]> =>
    (await askJson("range", body, "some")).entries.map(({ key }) => key);
  expect(await keysOf({ prefix: "p." })).toEqual(["p.a", "p.b", "p.c"]);
  expect(await keysOf({ start: "p.b", end: "q" })).toEqual(["p.b", "p.c"]);
  expect(await keysOf({ start: "q", end: "p" })).toEqual([]);
  expect(await keysOf({ reverse: true, limit: 1 })).toEqual(["q.a"]);
  const [entry] = (await askJson("range", { keysOnly: true }, "some")).entries;
  expect(entry).toMatchObject({ key: "p.a", created: expect.stringMatching(/Z$/) as string });
  expect(entry).not.toHaveProperty("value");
  expect((await ask("range", {}, "some")).body.toString()).toContain('"value":"v"');
});

test.each([
  ["no JSON", "{"],
  ["no object", "[]"],
  ["an unknown field", '{"prefix":"a","star":1}'],
  ["a limit that is none", '{"limit":-1}'],
  ["a prefix beside a bound", '{"prefix":"a","start":"b"}'],
  ["a cursor from elsewhere", '{"cursor":"!!"}'],
  ["a cursor beyond the range", '{"cursor":"enoAYQ"}'],
  ["bytes that are no text", Buffer.from([0xff, 0xfe])],
  ["a prototype", '{"__proto__":{"prefix":"a"}}'],
])("a range of %s is refused", async (_, body) => {
  expect(errorOf(await ask("range", { body }))).toBe("BAD_REQUEST 400 not executed");
});

test("bytes that are no text come as base64, and large pages end where the message does", async () => {
  await ask("put.bytes", { body: Buffer.from([0xff, 0x00]) }, "binary");
  const { entries } = await askJson("range", { prefix: "bytes" }, "binary");
  expect(entries).toMatchObject([{ key: "bytes", valueBase64: "/wA=" }]);
  // Each control character takes six bytes in JSON.
  for (const key of ["x1", "x2", "x3"]) {
    await ask(`put.${key}`, { body: Buffer.alloc(120_000, 1) }, "binary");
  }
  await ask("put.y", { body: Buffer.alloc(valueBytesMax, 1) }, "binary");
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page: Json = await askJson("range", { start: "x", cursor }, "binary");
    expect(page.error).toBe(undefined);
    found.push(...page.entries.map(({ key }) => key));
    ({ cursor } = page);
  } while (cursor !== undefined);
  expect(found).toEqual(["x1", "x2", "x3", "y"]);
});

test("a transaction is carried out as a whole, or not at all", async () => {
  const done = await askJson("txn", {
    checks: [{ key: "t.lock", exists: false }],
    ops: [
      { op: "put", key: "t.lock", value: "me", ttlMs: 60_000 },
      { op: "increment", key: "t.count", delta: 4 },
      { op: "get", key: "t.other" },
      { op: "put", key: "t.bytes", valueBase64: "/wA=" },
      { op: "delete", key: "t.gone" },
    ],
  });
  expect(done.results).toEqual([
    { op: "put" },
    { op: "increment", value: 4 },
    { op: "get", entry: null },
    { op: "put" },
    { op: "delete", existed: false },
  ]);
  const refused = await ask("txn", {
    body: JSON.stringify({
      checks: [
        { key: "t.count", exists: true },
        { key: "t.lock", exists: false },
      ],
      ops: [{ op: "increment", key: "t.count" }],
    }),
  });
  expect(errorOf(refused)).toBe("CONFLICT 409 not executed");
  expect(json(refused).error.message).toContain("checks[1]");
  expect(await get("t.count")).toBe("4");
  const read = await askJson("txn", { ops: [{ op: "get", key: "t.lock" }] });
  expect(read.results).toMatchObject([
    { entry: { value: "me", expires: expect.any(String) as string } },
  ]);
  const { revision } = done;
  const unchanged = { prefix: "t.", unchangedSince: revision };
  const ops = [{ op: "put", key: "t.new", value: "1", previousRevision: 0 }];
  expect((await askJson("txn", { checks: [unchanged], ops })).error).toBe(undefined);
  expect((await askJson("txn", { checks: [unchanged], ops })).error.code).toBe("CONFLICT");
});

test("keys of several groups in one transaction are refused", async () => {
  const ops = ["a", "k"].map((key) => ({ op: "put", key, value: "1" }));
  const answer = await ask("txn", { body: JSON.stringify({ ops }) });
  expect(errorOf(answer)).toBe("CROSS_GROUP_TRANSACTION 400 not executed");
});

const manyOps = Array.from({ length: 129 }, (_, at) => ({ op: "get", key: `k${at}` }));

test.each([
  ["nothing in it", {}, "BAD_REQUEST 400"],
  ["an unknown operation", { ops: [{ op: "swap", key: "a" }] }, "BAD_REQUEST 400"],
  ["a put without a value", { ops: [{ op: "put", key: "a" }] }, "BAD_REQUEST 400"],
  ["no key", { ops: [{ op: "get" }] }, "BAD_REQUEST 400"],
  ["an empty key", { ops: [{ op: "get", key: "" }] }, "BAD_KEY 400"],
  ["a bucket that is none", { ops: [{ op: "get", key: "a", bucket: "." }] }, "BAD_BUCKET 400"],
  [
    "a key written twice",
    { ops: [1, 2].map(() => ({ op: "delete", key: "a" })) },
    "BAD_REQUEST 400",
  ],
  ["too many operations", { ops: manyOps }, "TRANSACTION_TOO_LARGE 413"],
  ["checks that are no list", { checks: {} }, "BAD_REQUEST 400"],
  ["a check of nothing", { checks: [{ key: "a" }] }, "BAD_REQUEST 400"],
  ["base64 that is none", { ops: [{ op: "put", key: "a", valueBase64: "?" }] }, "BAD_REQUEST 400"],
])("a transaction with %s is refused", async (_, document, expected) => {
  const answer = await ask("txn", { body: JSON.stringify(document) });
  expect(errorOf(answer)).toBe(`${expected} not executed`);
});

test("ranges and transactions are spoken in msgpack as well", async () => {
  const document = {
    ops: [
      { op: "put", key: "m.a", value: Buffer.from([0xff]) },
      { op: "get", key: "m.a" },
    ],
  };
  const done = await ask("txn", { headers: packed, body: packr.pack(document) }, "packed");
  expect(done.headers.get("Content-Type")).toBe("application/msgpack");
  const { revision, results } = packr.unpack(done.body) as Json;
  expect(results).toEqual([{ op: "put" }, { op: "get", entry: null }]);
  const page = await ask("range", { headers: packed, body: packr.pack({ limit: 1 }) }, "packed");
  const { entries } = packr.unpack(page.body) as Json;
  expect(entries).toMatchObject([
    { key: Buffer.from("m.a"), value: Buffer.from([0xff]), revision },
  ]);
  // As an integer of 64 bits, which every language reads as one.
  expect([0xcf, 0xd3].some((type) => page.body.includes(type))).toBe(true);
  const broken = await ask("txn", { headers: packed, body: Buffer.from([0xc1]) }, "packed");
  const told = packr.unpack(broken.body) as Json;
  expect(told.error.code).toBe("BAD_REQUEST");
  expect(broken.headers.get("Nats-Service-Error-Code")).toBe("400");
});

test("a leader dies; with a message id the request is sent until it is answered, and counts once", async () => {
  const leader = cluster.leaderOf("g1") ?? "";
  const headers = { "Nats-Msg-Id": "across-leaders" };
  await put("a.survivor", "1");
  nats.publish("synod.kv.default.incr.a.counter", { headers, reply: `${nats.inbox}.lost` });
  await cluster.kill(leader);
  let answer: BareMessage | undefined;
  await waitUntil("the others answer", () => {
    if (answer === undefined) {
      nats.request("synod.kv.default.incr.a.counter", { headers, timeoutMs: 200 }).then(
        (message) => {
          if (!message.headers.has("Nats-Service-Error")) answer = message;
        },
        () => undefined,
      );
    }
    return answer !== undefined;
  });
  expect(json(answer as BareMessage).value).toBe(1);
  expect(await get("a.counter")).toBe("1");
  expect(await get("a.survivor")).toBe("1");
  cluster.start(leader);
  await cluster.waitUntilServing();
});

test.each(["Nats-Expected-Last-Sequence", "KV-Operation", "Nats-Rollup"])(
  "what %s asks of JetStream is refused, not passed over",
  async (name) => {
    await put("foreign", "before");
    const answer = await ask("put.foreign", { body: "after", headers: { [name]: "1" } });
    expect(errorOf(answer)).toBe("BAD_REQUEST 400 not executed");
    expect(json(answer).error.message).toContain(name);
    expect(await get("foreign")).toBe("before");
  },
);
