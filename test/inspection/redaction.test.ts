/** What is shown of an event to whoever looks at a node's actors. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { redactEvent } from "../../actors/inspection/redaction.ts";

const secret = "s3cret";
const bytes = Buffer.from(secret);

test("bytes, lists and texts of others become counts and sizes; numbers, ballots and names stay", () => {
  const accept = {
    type: "accept",
    ballot: { epoch: 1, round: 4, member: 2 },
    slot: 9,
    entry: bytes,
    from: { node: "n2", member: 2 },
    nowMs: 12.5,
  };
  expect(redactEvent(accept)).toEqual({ ...accept, entry: { bytes: 6 } });
  expect(redactEvent({ type: "propose", entries: [bytes, bytes] } as never)).toEqual({
    type: "propose",
    entries: { count: 2, bytes: 12 },
  });
  expect(redactEvent({ type: "accepted", slots: [7, 8, 9] } as never)).toEqual({
    type: "accepted",
    slots: { count: 3, first: 7, last: 9 },
  });
  expect(redactEvent({ type: "promised", records: [{ slot: 1, entry: bytes }] } as never)).toEqual({
    type: "promised",
    records: { count: 1, bytes: 6 },
  });
  expect(redactEvent({ type: "regionsAsked", reply: secret } as never)).toEqual({
    type: "regionsAsked",
    reply: { characters: 6 },
  });
});

test("whatever an event holds, no bytes and no text get through, and what is left is small", () => {
  const leaf = fc.oneof(
    fc.constant(bytes),
    fc.constant(new Uint8Array(bytes)),
    fc.constant(secret),
    fc.constant(undefined),
    fc.constant(null),
    fc.integer(),
    fc.constant(new Map([[secret, secret]])),
    fc.constant(new Set([secret])),
    fc.constant(new Error(secret)),
    fc.constant(() => secret),
    fc.constant(7n),
  );
  const fields = fc.constantFrom("entry", "value", "key", "session", "text", "regions", "start");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "medium" },
      leaf,
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(fields, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  const events = fc.dictionary(fields, tree, { maxKeys: 5 });
  fc.assert(
    fc.property(events, (event) => {
      const shown = JSON.stringify(redactEvent({ ...event, type: "any" }));
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain("115,51,99");
      expect(shown.length).toBeLessThan(20_000);
    }),
  );
});
