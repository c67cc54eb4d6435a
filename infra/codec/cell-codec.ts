/** The checkpoint cells of sessions, of requests and of a replica's own state. */
import type { ExecutedFrame } from "../../kv/frame.ts";
import type { Directory, DirectoryEntry } from "../../kv/state/directory.ts";
import type { Region } from "../../kv/state/regions.ts";
import type {
  ReplicaImage,
  RequestImage,
  SessionImage,
  StateCodec,
} from "../../kv/state/state-codec.ts";
import { SynodError } from "../errors/synod-error.ts";
import { cellVersion, nameBytesMax } from "./formats.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { readResults, writeResults } from "./result-codec.ts";

/** A cell's checksum has been verified before it gets here, so bytes it cannot read come from another version. */
export class CellCodec implements StateCodec {
  readonly #writer = new MsgpackWriter();
  readonly #reader = new MsgpackReader();

  encodeSession({ born, floor, answers }: SessionImage): Uint8Array {
    const writer = this.#writer;
    writer.array(4);
    writer.integer(cellVersion);
    writer.integer(born);
    writer.integer(floor);
    writer.array(answers.length);
    for (const answer of answers) this.#writeAnswer(answer);
    return this.#ownCopy();
  }

  decodeSession(source: Uint8Array, start: number, end: number): SessionImage {
    const reader = this.#open(source, start, end);
    const born = reader.unsigned();
    const floor = reader.unsigned();
    const count = reader.arrayLength();
    const answers: ExecutedFrame[] = [];
    for (let at = 0; at < count; at++) answers.push(this.#readAnswer(source));
    reader.finish();
    return { born, floor, answers };
  }

  encodeReplica(image: ReplicaImage): Uint8Array {
    const writer = this.#writer;
    writer.array(10);
    writer.integer(cellVersion);
    writer.integer(image.appliedThrough);
    writer.integer(image.lastRevision);
    writer.integer(image.watermark);
    writer.integer(image.checksum);
    writer.integer(image.comparable.slot);
    writer.integer(image.comparable.value);
    writer.array(image.regions.length);
    for (const region of image.regions) {
      writer.array(4);
      this.#writeRegion(region);
    }
    writer.integer(image.directory.version);
    writer.array(image.directory.regions.length);
    for (const entry of image.directory.regions) {
      writer.array(5);
      this.#writeRegion(entry);
      writer.text(entry.group);
    }
    return this.#ownCopy();
  }

  decodeReplica(source: Uint8Array, start: number, end: number): ReplicaImage {
    const reader = this.#open(source, start, end);
    const appliedThrough = reader.unsigned();
    const lastRevision = reader.unsigned();
    const watermark = reader.unsigned();
    const checksum = reader.unsigned();
    const comparable = { slot: reader.unsigned(), value: reader.unsigned() };
    const count = reader.arrayLength();
    const regions: Region[] = [];
    for (let at = 0; at < count; at++) regions.push(this.#readRegion());
    const directory = this.#readDirectory();
    reader.finish();
    return { appliedThrough, lastRevision, watermark, checksum, comparable, regions, directory };
  }

  encodeRequest({ firstKey, answer }: RequestImage): Uint8Array {
    const writer = this.#writer;
    writer.array(7);
    writer.integer(cellVersion);
    writer.byteString(firstKey);
    writer.integer(answer.hash);
    writer.integer(answer.slot);
    writer.integer(answer.index);
    writer.integer(answer.lastRevision);
    writeResults(writer, answer.results);
    return writer.finish();
  }

  decodeRequest(source: Uint8Array, start: number, end: number): RequestImage {
    const reader = this.#open(source, start, end);
    reader.window();
    const firstKey = reader.windowBytes();
    const hash = reader.unsigned();
    const slot = reader.unsigned();
    const index = reader.unsigned();
    const lastRevision = reader.unsigned();
    const results = readResults(reader, source);
    reader.finish();
    const answer = { refused: false, number: 0, hash, slot, index, lastRevision, results } as const;
    return { firstKey, answer };
  }

  #writeAnswer({ number, hash, slot, index, lastRevision, results }: ExecutedFrame): void {
    const writer = this.#writer;
    writer.array(6);
    writer.integer(number);
    writer.integer(hash);
    writer.integer(slot);
    writer.integer(index);
    writer.integer(lastRevision);
    writeResults(writer, results);
  }

  #readAnswer(source: Uint8Array): ExecutedFrame {
    const reader = this.#reader;
    reader.arrayLength();
    const number = reader.unsigned();
    const hash = reader.unsigned();
    const slot = reader.unsigned();
    const index = reader.unsigned();
    const lastRevision = reader.unsigned();
    const results = readResults(reader, source);
    return { refused: false, number, hash, slot, index, lastRevision, results };
  }

  #writeRegion({ id, version, start, end }: Region): void {
    const writer = this.#writer;
    writer.integer(id);
    writer.integer(version);
    writer.byteString(start);
    if (end === undefined) writer.nil();
    else writer.byteString(end);
  }

  #readDirectory(): Directory {
    const reader = this.#reader;
    const version = reader.unsigned();
    const count = reader.arrayLength();
    const regions: DirectoryEntry[] = [];
    for (let at = 0; at < count; at++) {
      regions.push({ ...this.#readRegion(), group: reader.text(nameBytesMax) });
    }
    return { version, regions };
  }

  #readRegion(): Region {
    const reader = this.#reader;
    reader.arrayLength();
    const id = reader.unsigned();
    const version = reader.unsigned();
    reader.window();
    const start = reader.windowBytes();
    if (reader.skipNil()) return { id, version, start, end: undefined };
    reader.window();
    return { id, version, start, end: reader.windowBytes() };
  }

  #open(source: Uint8Array, start: number, end: number): MsgpackReader {
    this.#reader.reset(source, start, end);
    this.#reader.arrayLength();
    const version = this.#reader.integer();
    if (version !== cellVersion) {
      const claim = `the checkpoint holds a cell of version ${version}, which is not known here`;
      throw new SynodError("INCOMPATIBLE_VERSION", claim);
    }
    return this.#reader;
  }

  /** A cell is kept for long; a view would keep its whole slab alive. */
  #ownCopy(): Uint8Array {
    return new Uint8Array(this.#writer.finish());
  }
}
