/** Puts the parts of large entries together. A part that never comes leaves its entry out: whoever follows sees the gap. */
import type { FeedMessage } from "../../infra/codec/feed-codec.ts";
import type { Change } from "../../kv/change.ts";
import { FeedEntry } from "./feed-entry.ts";

interface Assembly {
  readonly parts: (readonly Change[] | undefined)[];
  missing: number;
  bytes: number;
}

/** Entries that may be incomplete at once, and their bytes: beyond it the oldest is given up. */
const assembliesMax = 8;
const assembledBytesMax = 64 * 1024 * 1024;

export class FeedParts {
  /** In the order of their first parts. */
  readonly #assemblies = new Map<string, Assembly>();
  #bytes = 0;

  /** The entry, if this is all of it or its last part. `copy` decodes the message anew from bytes that may be kept. */
  take(message: FeedMessage, bytes: number, copy: () => FeedMessage): FeedEntry | undefined {
    const { parts, part } = message;
    if (parts === 1) return new FeedEntry(message, message.changes);
    // Another leader may tell the same entry cut in another way.
    const name = `${message.slot}/${message.previousSlot}/${parts}`;
    const assembly = this.#assemblies.get(name) ?? this.#begin(name, parts);
    if (assembly.parts[part - 1] === undefined) {
      assembly.parts[part - 1] = copy().changes;
      assembly.missing--;
      assembly.bytes += bytes;
      this.#bytes += bytes;
    }
    if (assembly.missing > 0) {
      this.#makeRoom();
      return undefined;
    }
    this.#end(name, assembly);
    return new FeedEntry(
      message,
      assembly.parts.flatMap((changes) => changes ?? []),
    );
  }

  clear(): void {
    this.#assemblies.clear();
    this.#bytes = 0;
  }

  #begin(name: string, parts: number): Assembly {
    const assembly: Assembly = { parts: [], missing: parts, bytes: 0 };
    this.#assemblies.set(name, assembly);
    return assembly;
  }

  #makeRoom(): void {
    for (const [name, assembly] of this.#assemblies) {
      if (this.#assemblies.size <= assembliesMax && this.#bytes <= assembledBytesMax) return;
      this.#end(name, assembly);
    }
  }

  #end(name: string, { bytes }: Assembly): void {
    this.#assemblies.delete(name);
    this.#bytes -= bytes;
  }
}
