/** When an answer leaves. */
import { expect, test } from "vitest";
import { FrameReplies } from "../../actors/replica/frame-replies.ts";
import { ReplyDecoder, ReplyEncoder } from "../../infra/codec/reply-codec.ts";

interface Delivered {
  readonly reply: string;
  readonly number: number;
  readonly atOnce: boolean;
}

function replies(): { readonly replies: FrameReplies; readonly delivered: Delivered[] } {
  const delivered: Delivered[] = [];
  const decoder = new ReplyDecoder();
  const made = new FrameReplies("g1", new ReplyEncoder(), (reply, bytes, atOnce = false) => {
    const decoded = decoder.decode(bytes);
    if (!("number" in decoded)) throw new Error("no reply");
    delivered.push({ reply, number: decoded.number, atOnce });
  });
  return { replies: made, delivered };
}

const place = { slot: 1, index: 0, lastRevision: 1 };

test("what was read is sent at once: another frame of reads may come behind it in the same turn", () => {
  const { replies: made, delivered } = replies();
  made.reader("_INBOX.a", 7).read({ ...place, asOf: 0, count: 1, each: (told) => told(5) });
  expect(delivered).toEqual([{ reply: "_INBOX.a", number: 7, atOnce: true }]);
});

test("answers of one log entry leave together", () => {
  const { replies: made, delivered } = replies();
  const executed = { ...place, refused: false, number: 8, hash: 1, results: [5] } as const;
  made.waiter("_INBOX.b", 8).executed(executed);
  expect(delivered).toEqual([{ reply: "_INBOX.b", number: 8, atOnce: false }]);
});
