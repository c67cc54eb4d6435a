/** Removes the keys that match a pattern, each by itself. */
import { internalKeyOf } from "../infra/codec/key-text.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { KeyListing } from "./key-listing.ts";

/** A page of keys at a time. The first failure ends it; what was removed before stays removed. */
export async function deleteMatching(
  listing: KeyListing,
  remove: (key: InternalKey) => Promise<unknown>,
): Promise<void> {
  for (;;) {
    const page = await listing.next();
    if (page === undefined) return;
    await Promise.all(page.map(({ bucket, keyBytes }) => remove(internalKeyOf(bucket, keyBytes))));
  }
}
