/** Chunks that were written and can be packed again: making a new one costs as much as filling it. */
import { chunkBytes } from "./block-packer.ts";

const pooledMax = 8;

export class ChunkPool {
  readonly #pooled: Uint8Array<ArrayBuffer>[] = [];

  take(bytesMin: number): Uint8Array<ArrayBuffer> {
    if (bytesMin > chunkBytes) return new Uint8Array(bytesMin);
    return this.#pooled.pop() ?? new Uint8Array(chunkBytes);
  }

  give(chunk: Uint8Array<ArrayBuffer>): void {
    if (chunk.length === chunkBytes && this.#pooled.length < pooledMax) this.#pooled.push(chunk);
  }
}
