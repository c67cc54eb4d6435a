/** Reads internal keys and says what is wrong with one, before anything is done with it. */
import { bucketPrefixOf, hasKeyOfAllowedLength } from "../../kv/internal-key.ts";
import { boundBytesMax, bucketBytesMax, keyBytesMax } from "../../kv/limits.ts";
import type { RefusalCode } from "../../kv/refusal.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { malformed } from "./malformed.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";

const internalKeyBytesMax = bucketBytesMax + 1 + keyBytesMax;

export class KeyReader {
  readonly #reader: MsgpackReader;
  /** The bucket of the last good key with its separator: most keys of a frame share it. */
  #recentPrefix = "";
  #problem: RefusalCode | undefined;

  constructor(reader: MsgpackReader) {
    this.#reader = reader;
  }

  /** The first problem of the keys read since this was last asked. */
  takeProblem(): RefusalCode | undefined {
    const problem = this.#problem;
    this.#problem = undefined;
    return problem;
  }

  /** The key that comes next; empty, with a problem noted, where it is no key. */
  key(): InternalKey {
    const reader = this.#reader;
    const length = reader.window();
    const key = length <= internalKeyBytesMax ? reader.windowBytes() : "";
    if (key === "") return this.#note("BAD_KEY");
    let prefix: string | undefined = this.#recentPrefix;
    if (prefix === "" || !key.startsWith(prefix)) prefix = bucketPrefixOf(key);
    if (prefix === undefined) return this.#note("BAD_BUCKET");
    if (!hasKeyOfAllowedLength(key, prefix.length)) return this.#note("BAD_KEY");
    this.#recentPrefix = prefix;
    return key;
  }

  /** A range's start; nil is the first key. */
  start(): InternalKey {
    return this.#reader.skipNil() ? "" : this.#bound();
  }

  /** A range's end, or a cursor; nil means none. */
  end(): InternalKey | undefined {
    return this.#reader.skipNil() ? undefined : this.#bound();
  }

  #bound(): InternalKey {
    const length = this.#reader.window();
    if (length > boundBytesMax) throw malformed(`a bound of ${length} bytes`);
    return this.#reader.windowBytes();
  }

  #note(problem: RefusalCode): InternalKey {
    this.#problem ??= problem;
    return "";
  }
}
