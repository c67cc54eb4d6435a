/** What client and replicas do with the bytes of a put. */
import { EntryDecoder } from "../../../infra/codec/entry-codec.ts";
import { ReplyDecoder, ReplyEncoder } from "../../../infra/codec/reply-codec.ts";
import { peekRequest } from "../../../infra/codec/request-envelope.ts";
import type { MicroCase, Scale } from "../micro-case.ts";
import { born, entriesOf, framesOf, group, newReplica, nothingStored, putsOf } from "../puts.ts";

export function codecCases({ puts: count }: Scale): MicroCase[] {
  const puts = putsOf(count, 7);
  const frames = framesOf(puts);
  const entries = entriesOf(puts);
  const decoder = new EntryDecoder();
  const replica = newReplica(nothingStored);
  const outcomes = entries.flatMap((entry, at) => replica.apply(at + 1, decoder.decode(entry)));
  if (outcomes.some(({ refused }) => refused)) throw new Error("a frame was refused");
  const encoder = new ReplyEncoder();
  const encoded = () => outcomes.map((outcome) => encoder.encodeOutcome(group, outcome, born));
  const replies = encoded();
  const replyDecoder = new ReplyDecoder();
  return [
    { name: "client: encode a put", operations: count, run: () => void framesOf(puts) },
    {
      name: "gateway: look at a frame",
      operations: frames.length,
      run: () => {
        for (const frame of frames) peekRequest(frame);
      },
    },
    {
      name: "replica: decode a put",
      operations: count,
      run: () => {
        for (const entry of entries) decoder.decode(entry);
      },
    },
    { name: "leader: encode a put's answer", operations: count, run: () => void encoded() },
    {
      name: "client: decode a put's answer",
      operations: count,
      run: () => {
        for (const reply of replies) replyDecoder.decode(reply);
      },
    },
  ];
}
