import { expect, test } from "vitest";
import { failure } from "../../kv/commands/result.ts";
import type { ReplicaImage, SessionImage } from "../../kv/state/state-codec.ts";
import { CellCodec } from "../../infra/codec/cell-codec.ts";
import { comparable } from "./support/frames.ts";
import { pack } from "./support/msgpackr.ts";

const codec = new CellCodec();

const source = Uint8Array.of(1, 2, 3, 4);
const version = { revision: 9, kind: 0, expiresAt: 0, source, start: 1, end: 3 } as const;

const session: SessionImage = {
  born: 2 ** 50,
  floor: 4,
  answers: [
    {
      refused: false,
      number: 5,
      hash: 0xffff_ffff,
      slot: 9,
      index: 0,
      lastRevision: 2 ** 51,
      results: [1, 2],
    },
    {
      refused: false,
      number: 7,
      hash: 0,
      slot: 10,
      index: 3,
      lastRevision: 2 ** 51,
      results: [failure("CONFLICT", -1, 8), { kind: 6, version }, { kind: 6, version: undefined }],
    },
  ],
};

const replica: ReplicaImage = {
  appliedThrough: 12,
  lastRevision: 2 ** 52,
  watermark: 2 ** 51,
  checksum: 0xdead_beef,
  comparable: { slot: 10, value: 0xffff_ffff },
  regions: [
    { id: 1, version: 2, start: "", end: "default\0m" },
    { id: 3, version: 4, start: "z\xff", end: undefined },
  ],
  directory: {
    version: 4,
    regions: [
      { id: 1, version: 1, start: "", end: "a\0m", group: "g1" },
      { id: 2, version: 3, start: "a\0m", end: undefined, group: "g2" },
    ],
  },
};

/** As a block of the store holds it: somewhere in the middle. */
function embedded(cell: Uint8Array): [Uint8Array, number, number] {
  const block = Buffer.concat([Buffer.of(0xc1, 0xc1), cell, Buffer.of(0xc1)]);
  return [block, 2, 2 + cell.length];
}

test("a session and its answers survive in a cell", () => {
  const decoded = codec.decodeSession(...embedded(codec.encodeSession(session)));
  expect(comparable(decoded)).toEqual(comparable(session));
});

test("a replica's own state survives in a cell", () => {
  expect(codec.decodeReplica(...embedded(codec.encodeReplica(replica)))).toEqual(replica);
});

test("a request's answer survives in a page", () => {
  for (const answer of session.answers) {
    const request = { firstKey: "b\0k\xff", answer: { ...answer, number: 0 } };
    const decoded = codec.decodeRequest(...embedded(codec.encodeRequest(request)));
    expect(comparable(decoded)).toEqual(comparable(request));
  }
});

test("a cell keeps nothing but itself in memory, and stays as it is", () => {
  const first = codec.encodeReplica(replica);
  const before = [...first];
  expect(first.buffer.byteLength).toBe(first.length);
  codec.encodeSession(session);
  expect([...first]).toEqual(before);
});

test("a cell of another version stops the replica instead of being guessed at", () => {
  const cell = pack([2, 1, 1, []]);
  const refused = expect.objectContaining({ code: "INCOMPATIBLE_VERSION" }) as Error;
  expect(() => codec.decodeSession(cell, 0, cell.length)).toThrow(refused);
  expect(() => codec.decodeReplica(cell, 0, cell.length)).toThrow(refused);
  expect(() => codec.decodeRequest(cell, 0, cell.length)).toThrow(refused);
});
