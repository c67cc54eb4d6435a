/**
 * Publishes changes one by one, each on the subject of its key, for whoever subscribes with nothing but a NATS client.
 * At most once: what is lost on the way stays lost.
 */
import { changeOperation, type Change } from "../../kv/change.ts";
import { bucketSeparator } from "../../kv/internal-key.ts";
import { isPublishSubject } from "../../infra/transport/subject.ts";
import { watchSubject } from "../subjects.ts";
import type { Interests } from "./interests.ts";
import type { Outlet } from "./outlet.ts";

export interface WatchSubjectsOptions {
  readonly prefix: string;
  readonly interests: Interests;
  readonly outlet: Outlet;
}

type Headers = Readonly<Record<string, string>>;

export class WatchSubjects {
  readonly #options: WatchSubjectsOptions;
  /** Since the node started. */
  published = 0;

  constructor(options: WatchSubjectsOptions) {
    this.#options = options;
  }

  get wanted(): boolean {
    return this.#options.interests.keysWanted;
  }

  publish(changes: readonly Change[]): void {
    const { prefix, interests, outlet } = this.#options;
    const isWanted = interests.wantedKeys();
    for (const change of changes) {
      const separator = change.key.indexOf(bucketSeparator);
      const bucket = change.key.slice(0, separator);
      const key = change.key.slice(separator + 1);
      if (!isWanted(bucket, key)) continue;
      const subject = watchSubject(prefix, bucket, key);
      // Keys may be any bytes. One that is no part of a subject is heard in the feed only.
      if (!isPublishSubject(subject)) continue;
      const { source, start, end } = change;
      if (outlet.publish(subject, source.subarray(start, end), headersOf(change))) {
        this.published += 1;
      }
    }
  }
}

function headersOf({ revision, operation }: Change): Headers {
  const isPut = operation === changeOperation.put;
  const headers = {
    "Synod-Revision": String(revision),
    "Synod-Operation": isPut ? "PUT" : "DEL",
  };
  if (operation === changeOperation.expire) return { ...headers, "Synod-Reason": "expired" };
  if (operation === changeOperation.purge) return { ...headers, "Synod-Reason": "purged" };
  return headers;
}
