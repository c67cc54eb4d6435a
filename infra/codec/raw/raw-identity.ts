/**
 * What a raw request is known by. Every node that takes one makes the same identity and hash of it, so that the log
 * tells a copy from another request, whoever proposed either.
 */
import { hash as hashOf } from "node:crypto";
import { crc32 } from "node:zlib";
import { kept, type Kept, type RequestId } from "../../../kv/frame.ts";
import type { InternalKey } from "../../../kv/state-reader.ts";
import { requestIdBytes } from "../formats.ts";
import type { RawHeaders } from "./raw-headers.ts";

export interface RawIdentity {
  readonly identity: RequestId;
  readonly kept: Kept;
}

const nameless: RawIdentity = { identity: "", kept: kept.nothing };

/** A message id, where there is one, names the request; otherwise the subject that its answer goes to does. */
export function identityOf(
  firstKey: InternalKey,
  messageId: string | undefined,
  reply: string | undefined,
): RawIdentity {
  if (messageId !== undefined) return identity(kept.message, firstKey, messageId);
  return reply === undefined ? nameless : identity(kept.reply, firstKey, reply);
}

function identity(own: Kept, firstKey: InternalKey, name: string): RawIdentity {
  // Lengths, because both names may hold any byte.
  const digest = hashOf("sha256", `${own}.${firstKey.length}.${firstKey}${name}`, "binary");
  return { identity: digest.slice(0, requestIdBytes), kept: own };
}

/** Of everything that says what the request is to do. */
export function requestHash(
  subject: string,
  { expectation, ttlMs }: RawHeaders,
  isPacked: boolean,
  body: Uint8Array,
): number {
  return crc32(body, crc32(`${subject} ${expectation} ${ttlMs} ${isPacked}`));
}
