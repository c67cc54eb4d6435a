/** Packing a table into a run, and merging runs; the device keeps blocks in memory, or forgets them. */
import { EntryDecoder } from "../../../infra/codec/entry-codec.ts";
import type { BlockBatch, BlockBytes, RunDevice } from "../../../infra/state-store/block-device.ts";
import { ChunkPool } from "../../../infra/state-store/chunk-pool.ts";
import { CutFeed } from "../../../infra/state-store/cut-feed.ts";
import { MergeFeed } from "../../../infra/state-store/merge-feed.ts";
import { RunBuilder } from "../../../infra/state-store/run-builder.ts";
import type { CellFeed } from "../../../infra/state-store/run-writer.ts";
import type { RunDescriptor } from "../../../infra/state-store/run.ts";
import type { CheckpointCut } from "../../../kv/checkpoint.ts";
import { putsPerFrame, type MicroCase, type Scale } from "../micro-case.ts";
import { entriesOf, newReplica, nothingStored, putsOf } from "../puts.ts";

const mergedRuns = 4;

class MemoryDevice implements RunDevice {
  /** Blocks are kept while they may be read. */
  keeps = true;
  readonly #pool = new ChunkPool();
  readonly #blocks = new Map<string, BlockBytes>();

  read(run: number, block: number): BlockBytes | undefined {
    return this.#blocks.get(`${run}/${block}`);
  }

  chunk(bytesMin: number): Uint8Array<ArrayBuffer> {
    return this.#pool.take(bytesMin);
  }

  write({ run, firstBlock, lengths, chunk }: BlockBatch): void {
    let at = 0;
    for (const [index, length] of lengths.entries()) {
      if (this.keeps) {
        const bytes = chunk.slice(at, at + length);
        this.#blocks.set(`${run}/${firstBlock + index}`, {
          bytes,
          view: new DataView(bytes.buffer),
        });
      }
      at += length;
    }
    this.#pool.give(chunk);
  }
}

export function runCases({ puts: count }: Scale): MicroCase[] {
  const device = new MemoryDevice();
  const first = cutOf(0, count);
  const inputs = Array.from({ length: mergedRuns }, (_, at) =>
    build(device, at + 1, new CutFeed(at === 0 ? first : cutOf(at, count), true)),
  ).toReversed();
  device.keeps = false;
  const plan = { output: 99, inputs, containsOldest: true, watermark: 0 };
  return [
    {
      name: "checkpoint: feed and pack a cell",
      operations: count,
      run: () => void build(device, 98, new CutFeed(first, true)),
    },
    {
      name: `merge: a cell of ${mergedRuns} runs`,
      operations: inputs.reduce((sum, { cells }) => sum + cells, 0),
      run: () => void build(device, plan.output, new MergeFeed(device, plan)),
    },
  ];
}

/** Of puts that come behind those of the cuts before. */
function cutOf(number: number, puts: number): CheckpointCut {
  const decoder = new EntryDecoder();
  const replica = newReplica(nothingStored);
  const firstFrame = 1 + (number * puts) / putsPerFrame;
  for (const [at, entry] of entriesOf(putsOf(puts, 7 + number), firstFrame).entries()) {
    const outcomes = replica.apply(at + 1, decoder.decode(entry));
    if (outcomes.some(({ refused }) => refused)) throw new Error("a frame was refused");
  }
  return replica.freeze();
}

function build(device: RunDevice, run: number, feed: CellFeed): RunDescriptor {
  const builder = new RunBuilder(device, run, (batch) => device.write(batch, () => undefined));
  while (feed.feedSome(builder));
  while (!builder.finishSome());
  const finished = builder.finished();
  if (finished === undefined) throw new Error("nothing was packed");
  return finished.descriptor;
}
