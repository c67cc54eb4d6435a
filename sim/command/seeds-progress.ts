/** How many seeds have ended, on a terminal's standard error; silent anywhere else. */
import type { WriteStream } from "node:tty";
import { SingleBar } from "cli-progress";
import { countText } from "./count-text.ts";

export class SeedsProgress {
  readonly #bar: SingleBar | undefined;
  readonly #seedsMax: number;
  #ended = 0;

  /** `seedsMax` is `Infinity` where time ends it. */
  constructor(seedsMax: number, stream: WriteStream = process.stderr) {
    this.#seedsMax = seedsMax;
    if (!stream.isTTY) return;
    const startedMs = performance.now();
    this.#bar = new SingleBar({
      stream,
      format: () => {
        const seconds = Math.round((performance.now() - startedMs) / 1_000);
        const of = Number.isFinite(seedsMax) ? ` of ${seedsMax}` : "";
        return `${this.#ended}${of} ended, ${countText(seconds, "second")} so far`;
      },
      fps: 2,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
      gracefulExit: false,
    });
    this.#draw();
  }

  /** One more has ended; what is printed of it takes the place of the progress, which goes on below. */
  seedEnded(print: () => void): void {
    this.#ended += 1;
    this.#bar?.stop();
    print();
    this.#draw();
  }

  end(): void {
    this.#bar?.stop();
  }

  #draw(): void {
    this.#bar?.start(Number.isFinite(this.#seedsMax) ? this.#seedsMax : 0, this.#ended);
  }
}
