import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFramesEntry } from "../../infra/codec/entry-codec.ts";
import { FeedDecoder, FeedEncoder } from "../../infra/codec/feed-codec.ts";
import { ReplyDecoder, ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import { RequestDecoder } from "../../infra/codec/request-decoder.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import { peekRequest } from "../../infra/codec/request-envelope.ts";
import { executed, TestGroup } from "../kv/support/test-group.ts";
import { increment, put } from "../kv/support/operations.ts";
import { plain } from "../kv/support/plain.ts";
import { readEnvelope, writeEnvelope } from "./support/frames.ts";
import { pack } from "./support/msgpackr.ts";
import { readRequests, writeRequests } from "./support/operations.ts";

const encoder = new RequestEncoder();
const decoder = new RequestDecoder();
const replyDecoder = new ReplyDecoder();
const feedDecoder = new FeedDecoder();

interface Damage {
  readonly at: number;
  readonly byte: number;
  readonly cut: boolean;
}

const damage: fc.Arbitrary<Damage[]> = fc.array(
  fc.record({
    at: fc.nat(2000),
    byte: fc.nat(255),
    cut: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);

function damaged(bytes: Uint8Array, damages: readonly Damage[]): Uint8Array {
  let result = Uint8Array.from(bytes);
  for (const { at, byte, cut } of damages) {
    const position = at % Math.max(1, result.length);
    if (cut && at % 7 === 0) result = result.slice(0, position);
    else result[position] = byte;
  }
  return result;
}

/** Every decoder a stranger can reach. */
function decodeAll(bytes: Uint8Array): void {
  peekRequest(bytes);
  decoder.logged(bytes);
  decoder.readFrame(bytes);
  replyDecoder.decode(bytes);
  feedDecoder.decode(bytes);
}

test("random bytes throw at no decoder", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeAll), { numRuns: 2000 });
});

test("any msgpack value throws at no decoder", () => {
  const value = fc.object({
    withBigInt: false,
    withDate: true,
    withNullPrototype: false,
    maxDepth: 4,
  });
  const near = fc.tuple(
    fc.constantFrom(1, 2),
    fc.constantFrom(0, 1, 2),
    fc.array(fc.anything({ maxDepth: 3 })),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        value,
        near.map(([version, kind, rest]) => [version, kind, ...rest]),
      ),
      (one) => {
        let bytes: Uint8Array;
        try {
          bytes = pack(one);
        } catch {
          return;
        }
        decodeAll(bytes);
      },
    ),
    { numRuns: 1000 },
  );
});

test("damaged writing frames throw at no decoder, and whatever is left of them is applied alike everywhere", () => {
  fc.assert(
    fc.property(writeRequests, damage, (operations, damages) => {
      const bytes = damaged(encoder.writeFrame(writeEnvelope, operations), damages);
      decodeAll(bytes);
      const outcomes = [new TestGroup(), new TestGroup()].map((group) => {
        const envelope = { ...writeEnvelope, clusterId: "cluster-of-tests" };
        const frame = damaged(encoder.writeFrame(envelope, operations), damages);
        return [group.append(encodeFramesEntry(1, [bytes, frame])), group.replica.checksum];
      });
      expect(outcomes[0]).toEqual(outcomes[1]);
    }),
    { numRuns: 1000 },
  );
});

test("damaged reading frames throw at no decoder", () => {
  fc.assert(
    fc.property(readRequests, damage, (operations, damages) => {
      decodeAll(damaged(encoder.readFrame(readEnvelope, operations), damages));
    }),
    { numRuns: 1000 },
  );
});

test("damaged replies throw at no decoder", () => {
  const group = new TestGroup();
  const results = group.write(put("a", "1"), increment("n", 1));
  const kind = 0;
  const place = {
    kind,
    number: 1,
    group: "g",
    slot: 1,
    index: 0,
    lastRevision: 1,
    asOf: 1,
  } as const;
  const bytes = new ReplyEncoder().encode({ ...place, results });
  fc.assert(
    fc.property(damage, (damages) => decodeAll(damaged(bytes, damages))),
    { numRuns: 1000 },
  );
});

test("damaged messages of a feed throw at no decoder", () => {
  const head = {
    clusterId: "c",
    group: "g",
    slot: 9,
    previousSlot: 8,
    resolved: 70,
    interestMs: 1,
  };
  const source = Buffer.from("value");
  const change = { key: "b\0k", revision: 70, operation: 0, expiresAt: 0 } as const;
  const changes = [{ ...change, source, start: 0, end: 5 }];
  const [bytes = source] = new FeedEncoder().encode(head, changes, 1000);
  fc.assert(
    fc.property(damage, (damages) => decodeAll(damaged(bytes, damages))),
    { numRuns: 1000 },
  );
});

test("a malformed frame is answered, and the frames beside it are executed", () => {
  const group = new TestGroup();
  const envelope = { ...writeEnvelope, clusterId: "cluster-of-tests", born: 1, floor: 0 };
  const good = (number: number) => encoder.writeFrame({ ...envelope, number }, [increment("n", 1)]);
  const bad = pack([
    1,
    1,
    "cluster-of-tests",
    "g1",
    Buffer.from(envelope.session, "latin1"),
    1,
    2,
    0,
    [[99]],
  ]);
  group.now = 2;
  const [first, second, third, fourth] = group.frames(good(1), bad, Uint8Array.of(0xc1), good(3));
  expect(executed(first).results.map(plain)).toMatchObject([{ value: 1 }]);
  expect(second).toMatchObject({ refused: true, number: 2, code: "BAD_REQUEST" });
  expect(third).toMatchObject({ refused: true, number: 0, code: "BAD_REQUEST" });
  expect(executed(fourth).results.map(plain)).toMatchObject([{ value: 2 }]);
});
