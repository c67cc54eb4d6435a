import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { changeOperation, type Change } from "../../kv/change.ts";
import { keyBytesMax, valueBytesMax } from "../../kv/limits.ts";
import { FeedDecoder, FeedEncoder, type FeedMessage } from "../../infra/codec/feed-codec.ts";
import { comparable } from "./support/frames.ts";
import { pack, unpack } from "./support/msgpackr.ts";

const encoder = new FeedEncoder();
const decoder = new FeedDecoder();

const head = {
  clusterId: "3f2a9c0d5b7e4f61",
  group: "g1",
  slot: 2 ** 33,
  previousSlot: 2 ** 33 - 7,
  resolved: 2 ** 52,
  interestMs: 29_500,
};

const change: fc.Arbitrary<Change> = fc
  .record({
    key: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((b) => String.fromCharCode(...b)),
    revision: fc.nat(Number.MAX_SAFE_INTEGER),
    operation: fc.constantFrom(...Object.values(changeOperation)),
    expiresAt: fc.nat(Number.MAX_SAFE_INTEGER),
    source: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ source, ...rest }) => ({ ...rest, source, start: 0, end: source.length }));

function decoded(bytes: Uint8Array): FeedMessage {
  const message = decoder.decode(bytes);
  if ("kind" in message) throw new Error(message.problem);
  return message;
}

test("changes come back as they were, in as few parts as fit, none longer than allowed", () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 30 }),
      fc.integer({ min: 600, max: 4000 }),
      (changes, bytesMax) => {
        const messages = encoder.encode(head, changes, bytesMax);
        for (const message of messages) expect(message.length).toBeLessThanOrEqual(bytesMax);
        const parts = messages.map(decoded);
        expect(comparable(parts.flatMap((part) => part.changes))).toEqual(comparable(changes));
        for (const [at, { changes: _, ...rest }] of parts.entries()) {
          expect(rest).toEqual({ ...head, part: at + 1, parts: parts.length });
        }
        // A part's first change would not have fitted into the part before.
        for (let at = 1; at < parts.length; at++) {
          const length = messages[at - 1]?.length ?? 0;
          const next = parts[at]?.changes[0];
          const added = (next?.key.length ?? 0) + (next === undefined ? 0 : next.end - next.start);
          expect(length + added + 150).toBeGreaterThan(bytesMax);
        }
      },
    ),
  );
});

test("progress is one message without changes", () => {
  const [message, ...others] = encoder.encode(head, [], 1000);
  expect(others).toEqual([]);
  const { clusterId, group, slot, previousSlot, resolved, interestMs } = head;
  const plain = [1, clusterId, group, slot, previousSlot, resolved, interestMs, 1, 1, []];
  expect(unpack(message ?? new Uint8Array())).toEqual(plain);
});

test("the largest change of all fits into a message of the size every server takes", () => {
  const source = new Uint8Array(valueBytesMax);
  const key = `${"b".repeat(128)}\0${"k".repeat(keyBytesMax)}`;
  const largest = { key, revision: 2 ** 52, operation: 0, expiresAt: 2 ** 52, source } as const;
  const changes = [largest, largest].map((one) => ({ ...one, start: 0, end: valueBytesMax }));
  const names = { clusterId: "c".repeat(128), group: "g".repeat(128) };
  const messages = encoder.encode({ ...head, ...names }, changes, 1 << 20);
  expect(messages.length).toBe(2);
  for (const { length } of messages) expect(length).toBeLessThan(1 << 20);
});

test.each([
  ["another version", [2, "c", "g", 1, 0, 1, 1, 1, 1, []]],
  ["an element too few", [1, "c", "g", 1, 0, 1, 1, 1, []]],
  ["a part 0", [1, "c", "g", 1, 0, 1, 1, 0, 1, []]],
  ["a part behind the last", [1, "c", "g", 1, 0, 1, 1, 2, 1, []]],
  ["a change cut short", [1, "c", "g", 1, 0, 1, 1, 1, 1, ["k", 1, 0, 0]]],
  ["an unknown operation", [1, "c", "g", 1, 0, 1, 1, 1, 1, ["k", 1, 4, 0, ""]]],
  ["a negative slot", [1, "c", "g", -1, 0, 1, 1, 1, 1, []]],
])("%s is no message of a feed", (_, message) => {
  expect(decoder.decode(pack(message))).toMatchObject({ kind: "malformed" });
});

test("the document names the elements in their order", () => {
  const document = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const [, elements = ""] = /^ {4}feed +\[1, (.*)\]$/m.exec(document) ?? [];
  const names = elements
    .split(", ")
    .slice(0, 8)
    .map((element) => element.replace(/:.*/, ""));
  expect(names).toEqual([...Object.keys(head), "part", "parts"]);
});
