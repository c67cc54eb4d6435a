/** msgpack as another library writes and reads it, to see that the formats need nothing of ours. */
import { Packr, Unpackr } from "msgpackr";

const packer = new Packr({ useRecords: false, variableMapSize: true });
const unpacker = new Unpackr({ useRecords: false, int64AsType: "number" });

/** A copy: what the library packs into is reused. */
export function pack(value: unknown): Uint8Array {
  return new Uint8Array(packer.pack(value));
}

export function unpack(bytes: Uint8Array): unknown {
  return unpacker.unpack(bytes);
}
