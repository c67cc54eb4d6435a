/** The bytes of a file or of standard input, decompressed when they are gzip. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough, pipeline, Readable, Transform } from "node:stream";
import { createGunzip } from "node:zlib";

export interface ByteSource {
  readonly bytes: AsyncIterable<Buffer>;
  /** Of the input as it is stored, compressed or not. */
  readonly readBytes: () => number;
  /** Undefined for standard input. */
  readonly sizeBytes: number | undefined;
  /** Where in the whole (decompressed) input `bytes` begin: 0 where nothing can be left out. */
  readonly offset: number;
  /** Ends `bytes` early. */
  readonly stop: () => void;
}

const gzipMagic = Buffer.from([0x1f, 0x8b]);

/** From `offset` on, if the file is not compressed. */
export async function openFile(path: string, offset: number): Promise<ByteSource> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    const isGzip = bytesRead === 2 && buffer.equals(gzipMagic);
    const begin = isGzip ? 0 : Math.min(offset, size);
    const stream = createReadStream(path, { start: begin, highWaterMark: 256 * 1024 });
    return { ...source(stream, isGzip), sizeBytes: size - begin, offset: begin };
  } finally {
    await file.close();
  }
}

/** Whether it is compressed shows in its first bytes: a line of JSON never begins like that. */
export async function openStandardInput(): Promise<ByteSource> {
  const pieces = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await pieces.next();
  const isGzip = first.done !== true && first.value.subarray(0, 2).equals(gzipMagic);
  const all = Readable.from(continued(first, pieces), { objectMode: false });
  return { ...source(all, isGzip), sizeBytes: undefined, offset: 0 };
}

async function* continued(
  first: IteratorResult<Buffer>,
  rest: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
}

function source(
  stored: Readable,
  isGzip: boolean,
): Pick<ByteSource, "bytes" | "readBytes" | "stop"> {
  let readBytes = 0;
  const counted = new Transform({
    transform: (piece: Buffer, _, done) => {
      readBytes += piece.length;
      done(null, piece);
    },
  });
  const last = isGzip ? createGunzip() : new PassThrough();
  // A failure of one of them is told by the last, which is read.
  pipeline(stored, counted, last, () => undefined);
  return {
    bytes: last as AsyncIterable<Buffer>,
    readBytes: () => readBytes,
    stop: () => last.destroy(),
  };
}
