/** The door takes anything: nothing is thrown past it, and every answer is one that a client can read. */
import * as fc from "fast-check";
import { Packr } from "msgpackr";
import { expect, test } from "vitest";
import { DropCounts } from "../../actors/drop-counts.ts";
import { RawDoor } from "../../actors/raw/raw-door.ts";
import type { Waiter } from "../../actors/replica/answers.ts";
import type { Asked, Reader } from "../../actors/replica/reads.ts";
import type { Replica } from "../../actors/replica/replica.ts";
import { encodeFramesEntry, EntryDecoder } from "../../infra/codec/entry-codec.ts";
import { requireSubjectKey } from "../../infra/codec/raw/raw-subject.ts";
import { isErrorCode } from "../../infra/errors/error-table.ts";
import { serviceCodeOf } from "../../infra/errors/service-code.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import { entryKind } from "../../kv/entry.ts";
import { Regions } from "../../kv/state/regions.ts";
import { clusterId, everything, group, TestGroup } from "../kv/support/test-group.ts";
import { immediateClock } from "../support/doubles.ts";

interface Answer {
  readonly reply: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const packr = new Packr({ useRecords: false, int64AsType: "number" });

/** A door before one group that applies what it is given at once. */
class Doorway {
  readonly answers: Answer[] = [];
  readonly drops = new DropCounts();
  readonly state = new TestGroup();
  leads = true;
  requests = 0;
  readonly #handlers = new Map<string, (message: InboundMessage) => void>();
  readonly #decoder = new EntryDecoder();

  constructor(payloadBytesMax = 2 ** 20) {
    const transport: Partial<Transport> = {
      payloadBytesMax,
      subscribe: (subject, handler) => {
        this.#handlers.set(subject, handler);
        return { close: () => undefined };
      },
      publish: (reply, body, options) =>
        this.answers.push({ reply, body: body.slice(), headers: options?.headers ?? {} }),
    };
    const replica = {
      group,
      clusterId,
      regions: new Regions(everything),
      request: (encoded: Uint8Array, _: unknown, waiter: Waiter | undefined) =>
        this.#request(encoded, waiter),
      readFor: (asked: Asked, reader: Reader) => this.#read(asked, reader),
    };
    const door = new RawDoor({
      transport: transport as Transport,
      prefix: "synod",
      node: "n1",
      clock: immediateClock(),
      drops: this.drops,
      replicas: () => [{ ...replica, leads: this.leads } as unknown as Replica],
    });
    door.listen();
  }

  get patterns(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  take(verb: string, message: InboundMessage): void {
    const pattern = this.patterns.find((one) => one.split(".")[3] === verb) ?? "";
    this.#handlers.get(pattern)?.(message);
  }

  #request(encoded: Uint8Array, waiter: Waiter | undefined): void {
    this.requests += 1;
    const entry = encodeFramesEntry(this.state.now, [encoded]);
    const decoded = this.#decoder.decode(entry);
    if (decoded.kind !== entryKind.frames) throw new Error("not frames");
    // What the door lets through is well-formed: the log refuses none of it as malformed.
    expect(decoded.frames.map(({ problem }) => problem)).toEqual([""]);
    const [outcome] = this.state.append(entry);
    if (outcome === undefined) throw new Error("no outcome");
    if (outcome.refused) waiter?.refused({ ...outcome, hint: undefined }, true);
    else waiter?.executed(outcome);
  }

  #read({ operations }: Asked, reader: Reader): void {
    const { replica } = this.state;
    const { appliedThrough: slot, lastRevision } = replica;
    reader.read({
      slot,
      index: 0,
      lastRevision,
      asOf: 0,
      count: operations.length,
      each: (told) => replica.readEach(operations, told),
    });
  }
}

function message(
  subject: string,
  payload: Uint8Array,
  headers: Readonly<Record<string, string>> | "malformed" | undefined,
  reply: string | undefined,
): InboundMessage {
  return {
    subject,
    payload,
    reply,
    headers: headers === undefined ? "none" : headers === "malformed" ? headers : "some",
    header: (name) =>
      typeof headers === "object" && Object.hasOwn(headers, name) ? headers[name] : undefined,
  };
}

function requireReadable(verb: string, { body, headers }: Answer): void {
  const isPacked = headers["Content-Type"] === "application/msgpack";
  const number = headers["Nats-Service-Error-Code"];
  for (const value of Object.values(headers)) expect(value).toMatch(/^[ -~]+$/);
  if (number === undefined && verb === "get") {
    expect(headers["Synod-Revision"]).toMatch(/^\d+$/);
    return;
  }
  const document = (
    isPacked ? packr.unpack(body) : JSON.parse(Buffer.from(body).toString())
  ) as Record<string, unknown>;
  if (number === undefined) {
    expect(document[verb === "range" ? "entries" : "revision"]).toBeDefined();
    return;
  }
  const error = document["error"] as Record<string, unknown>;
  const code = String(error["code"]);
  if (!isErrorCode(code)) throw new Error(`${code} is no code`);
  expect(number).toBe(String(serviceCodeOf(code)));
  expect(serviceCodeOf(code)).not.toBe(500);
  expect(headers["Nats-Service-Error"]).toContain(code);
  expect(["not executed", "unknown"]).toContain(error["outcome"]);
  expect(typeof error["retryable"]).toBe("boolean");
}

const keyText = fc.oneof(
  fc.constantFrom("a", "a.b", "n", "..", ".a", "a.", "a..b", "a b", "\u00e4", "k".repeat(1025)),
  fc.string({ minLength: 1, maxLength: 12 }),
);
const bucketText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("b", "default") },
  { weight: 1, arbitrary: fc.constantFrom("", "$", "b".repeat(129), "\u{1f600}") },
);
const headerText = fc.oneof(
  fc.constantFrom("0", "1", "7", "-1", "10s", "1h2m", "never", "", "0.5ms", "9".repeat(20), "i1"),
  fc.string({ maxLength: 8 }),
);
const headerNames = [
  "Nats-Expected-Last-Subject-Sequence",
  "Nats-TTL",
  "Nats-Msg-Id",
  "Content-Type",
  "X-Other",
];
const headersOf = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constant("malformed" as const) },
  {
    weight: 3,
    arbitrary: fc.dictionary(
      fc.constantFrom(...headerNames),
      fc.oneof(headerText, fc.constant("application/msgpack")),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      "Nats-Expected-Last-Subject-Sequence": fc.constantFrom("0", "7"),
    }),
  },
);

/** Documents that are nearly right, as JSON or as msgpack, whatever the headers say. */
const field = fc.constantFrom(
  "checks",
  "ops",
  "op",
  "key",
  "bucket",
  "value",
  "valueBase64",
  "revision",
  "exists",
  "prefix",
  "unchangedSince",
  "start",
  "end",
  "limit",
  "reverse",
  "keysOnly",
  "cursor",
  "delta",
  "ttlMs",
  "previousRevision",
  "__proto__",
);
const scalar = fc.oneof(
  fc.constantFrom<unknown>("put", "get", "delete", "increment", "a", "", "n", 0, 1, -1, true, null),
  fc.string({ maxLength: 6 }),
  fc.double(),
  fc.maxSafeInteger(),
);
const part = fc.dictionary(field, scalar, { maxKeys: 4 });
const someKey = fc.constantFrom("a", "b", "n");
const operation = fc.oneof(
  fc.record({ op: fc.constant("put"), key: someKey, value: fc.constantFrom("1", "x") }),
  fc.record({ op: fc.constantFrom("get", "delete", "increment"), key: someKey }),
);
const documents = fc.oneof(
  part,
  { weight: 4, arbitrary: fc.record({ ops: fc.array(operation, { maxLength: 3 }) }) },
  fc.record({ ops: fc.array(fc.oneof(operation, part), { maxLength: 3 }), checks: fc.array(part) }),
  fc.record({ limit: fc.nat(3), reverse: fc.boolean(), prefix: fc.constantFrom("", "a") }),
  fc.jsonValue({ maxDepth: 3 }),
);
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom("", "1", "-5", "x").map((text) => Buffer.from(text)),
  {
    weight: 3,
    arbitrary: documents.map((document) => Buffer.from(JSON.stringify(document) ?? "")),
  },
  documents.map((document) => Buffer.from(packr.pack(document))),
);

const verbs = ["put", "get", "delete", "incr", "range", "txn"];

test("random subjects, headers and bodies get an answer that can be read, and nothing is thrown", () => {
  const doorway = new Doorway();
  const met = new Set<string>();
  let asked = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...verbs),
      bucketText,
      keyText,
      headersOf,
      bodies,
      fc.constantFrom("inbox", "inbox", "inbox", "none", "foreign"),
      (verb, bucket, key, headers, body, kind) => {
        asked += 1;
        const isKeyed = verb !== "range" && verb !== "txn";
        const subject = `synod.kv.${bucket}.${verb}${isKeyed ? `.${key}` : ""}`;
        const reply =
          kind === "none" ? undefined : kind === "inbox" ? `_INBOX.a.${asked}` : "synod.p.n1.n2";
        doorway.answers.length = 0;
        doorway.take(verb, message(subject, body, headers, reply));
        expect(doorway.answers.length).toBe(kind === "inbox" ? 1 : 0);
        for (const answer of doorway.answers) {
          expect(answer.reply).toBe(reply);
          requireReadable(verb, answer);
          met.add(`${verb} ${answer.headers["Nats-Service-Error"]?.split(":")[0] ?? "ok"}`);
        }
      },
    ),
    { numRuns: 6_000 },
  );
  // A run that meets nothing but refusals shows little.
  for (const verb of verbs) expect(met).toContain(`${verb} ok`);
  const codes = [...met].map((one) => one.split(" ")[1]);
  for (const code of ["BAD_KEY", "BAD_BUCKET", "BAD_REQUEST", "KEY_NOT_FOUND", "CONFLICT"]) {
    expect(codes).toContain(code);
  }
});

test("a node that does not own a key looks at nothing but the subject", () => {
  const doorway = new Doorway();
  doorway.leads = false;
  const untouchable = (): never => expect.fail("looked at");
  for (const verb of verbs) {
    doorway.take(verb, {
      get subject() {
        return untouchable();
      },
      get payload() {
        return untouchable();
      },
      get reply() {
        return untouchable();
      },
      get headers() {
        return untouchable();
      },
      header: untouchable,
    });
  }
  expect([doorway.answers.length, doorway.requests]).toEqual([0, 0]);
});

test.each(["a..b", ".a", "a.", "", "a b", "\u00e4"])("%j is no key on a subject", (name) => {
  const refused = expect.objectContaining({ code: "BAD_KEY" }) as Error;
  expect(() => requireSubjectKey(`b\0${name}`)).toThrow(refused);
});

test("an answer that does not fit into a message is an error, and says what is known", () => {
  const doorway = new Doorway(2_000);
  const put = message("synod.kv.b.put.a", Buffer.alloc(3_000, 97), undefined, "_INBOX.a.1");
  doorway.take("put", put);
  const body = Buffer.from('{"ops":[{"op":"get","key":"a"},{"op":"increment","key":"n"}]}');
  doorway.take("txn", message("synod.kv.b.txn", body, undefined, "_INBOX.a.2"));
  const [, answer] = doorway.answers;
  const { error } = JSON.parse(Buffer.from(answer?.body ?? []).toString()) as {
    readonly error: { readonly code: string; readonly outcome: string; readonly message: string };
  };
  expect([error.code, error.outcome]).toEqual(["FRAME_TOO_LARGE", "unknown"]);
  expect(error.message).toContain("was executed at revision");
});
