/** A message as its role is given it: with whom it is from and when it was taken. */
import type { Received, ReplicaMessage, Sender } from "../../machines/messages.ts";
import type { Timed } from "../actor.ts";

/**
 * The two kinds that come with each entry are made field by field: what is spread here are objects of a dozen shapes, which
 * takes the engine longer than all the rest of taking a message.
 */
export function receivedOf(
  message: ReplicaMessage,
  from: Sender,
  { nowMs, wallMs }: Timed,
): Received<ReplicaMessage> {
  if (message.type === "accept") {
    const { type, ballot, slot, commitIndex, entry } = message;
    return { type, ballot, slot, commitIndex, entry, from, nowMs, wallMs };
  }
  if (message.type === "accepted") {
    const { type, ballot, slots, chosenThrough } = message;
    return { type, ballot, slots, chosenThrough, from, nowMs, wallMs };
  }
  return { ...message, from, nowMs, wallMs };
}
