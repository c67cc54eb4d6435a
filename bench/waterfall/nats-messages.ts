/** Finds the NATS messages in what a socket took or gave. */
import { decodePeerMessage } from "../../infra/codec/peer-codec.ts";
import type { NotedMessage } from "./noted.ts";

const lineEnd = "\r\n";

/** Those that begin in it; a chunk that begins in the middle of one is given up. */
export function messagesIn(chunk: Uint8Array): NotedMessage[] {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const found: NotedMessage[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(lineEnd, at);
    if (end < 0) break;
    const words = bytes.toString("latin1", at, end).split(" ");
    at = end + lineEnd.length;
    const [verb, subject] = words;
    if (verb !== "PUB" && verb !== "MSG") continue;
    const length = Number(words.at(-1));
    if (subject === undefined || !Number.isSafeInteger(length)) break;
    found.push(messageOf(subject, bytes.subarray(at, at + length)));
    at += length + lineEnd.length;
  }
  return found;
}

function messageOf(subject: string, payload: Uint8Array): NotedMessage {
  if (!subject.includes(".p.")) return { subject };
  try {
    const { envelope, message } = decodePeerMessage(payload);
    const from = subject.slice(subject.lastIndexOf(".") + 1);
    const known = { subject, type: message.type, group: envelope.group, from };
    if (message.type === "accept") return { ...known, slots: [message.slot] };
    if (message.type === "accepted") return { ...known, slots: message.slots };
    return known;
  } catch {
    return { subject };
  }
}
