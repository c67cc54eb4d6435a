/** Messages between nodes: what goes in comes out, and nothing a stranger sends gets further than the decoder. */
import * as fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import {
  decodePeerMessage,
  encodePeerMessage,
  OtherFormat,
  peerFormat,
} from "../../infra/codec/peer-codec.ts";
import { MalformedMessage } from "../../infra/codec/positional.ts";
import { ballot, entry, envelope, messages } from "./support/peer-samples.ts";

/** Throws only what the link between nodes expects. */
function decodes(bytes: Uint8Array): boolean {
  try {
    decodePeerMessage(bytes);
    return true;
  } catch (error) {
    if (error instanceof MalformedMessage || error instanceof OtherFormat) return false;
    throw error;
  }
}

describe("messages between nodes", () => {
  for (const message of messages) {
    test(`${message.type} comes out as it went in`, () => {
      const bytes = Buffer.from(encodePeerMessage(envelope, message));
      expect(decodePeerMessage(bytes)).toEqual({ envelope, message });
    });

    test(`a ${message.type} with bytes changed, cut or added throws nothing unexpected`, () => {
      const bytes = Buffer.from(encodePeerMessage(envelope, message));
      const changes = fc.array(
        fc.record({ at: fc.nat(bytes.length - 1), to: fc.integer({ min: 0, max: 255 }) }),
        { maxLength: 4 },
      );
      fc.assert(
        fc.property(changes, fc.nat(bytes.length), (edits, length) => {
          const mutated = Buffer.from(bytes);
          for (const { at, to } of edits) mutated[at] = to;
          decodes(mutated.subarray(0, length));
          decodes(Buffer.concat([mutated, mutated.subarray(0, 3)]));
        }),
        { numRuns: 60 },
      );
    });
  }

  test("random bytes are refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodes(bytes)).toBe(false);
      }),
    );
  });

  test("what is kept of a message is a copy", () => {
    const bytes = Buffer.from(
      encodePeerMessage(envelope, { type: "accept", ballot, slot: 1, commitIndex: 0, entry }),
    );
    const { message } = decodePeerMessage(bytes);
    bytes.fill(0);
    expect(message).toMatchObject({ entry });
  });

  test("wide integers of other languages are numbers, so that a status with one can be shown", () => {
    const report = { type: "nodeReport", leaders: [], status: { bytes: 5 } } as const;
    const bytes = Buffer.from(encodePeerMessage(envelope, report));
    const wide = Buffer.from([0xcf, 0, 0, 0, 0, 0, 0, 0, 5]);
    const { message } = decodePeerMessage(Buffer.concat([bytes.subarray(0, -1), wide]));
    expect(JSON.stringify(message)).toBe(JSON.stringify(report));
  });

  test("another format version is told apart from nonsense", () => {
    const packr = new Packr({ useRecords: false });
    const bytes = packr.pack([peerFormat + 1, "who knows"]);
    expect(() => decodePeerMessage(bytes)).toThrow(OtherFormat);
  });
});
