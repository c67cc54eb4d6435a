/** How far a long command is, on a terminal's standard error; silent anywhere else. */
import { SingleBar } from "cli-progress";
import { bytesText, countText, durationText } from "./quantities.ts";

export interface Progressing {
  readonly keys: number;
  readonly bytes: number;
  /** Of what `total` counts. */
  readonly done: number;
}

export interface Progress {
  update(now: Progressing): void;
  /** Takes the bar off the terminal, so that something else can be written. */
  end(): void;
}

const silent: Progress = { update: () => undefined, end: () => undefined };

/** `total` undefined: nobody knows how long it takes. */
export function progressOf(what: string, total: number | undefined): Progress {
  if (!process.stderr.isTTY) return silent;
  const startedMs = performance.now();
  const tail = "{keys} keys · {bytes} · {rate}";
  const bar = new SingleBar({
    stream: process.stderr,
    format:
      total === undefined
        ? `${what} {elapsed} · ${tail}`
        : `${what} {bar} {percentage}% · ${tail} · {left} left`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    fps: 5,
    hideCursor: true,
    clearOnComplete: true,
    linewrap: false,
    gracefulExit: false,
  });
  let keysBefore: number | undefined;
  bar.start(total ?? 0, 0, { keys: "0", bytes: "0 B", rate: "-", elapsed: "", left: "-" });
  return {
    update({ keys, bytes, done }) {
      const elapsedMs = performance.now() - startedMs;
      keysBefore ??= keys;
      const keysPerSecond = ((keys - keysBefore) * 1000) / Math.max(1, elapsedMs);
      const leftMs =
        done > 0 && total !== undefined ? (elapsedMs * (total - done)) / done : undefined;
      bar.update(total === undefined ? 0 : Math.min(done, total), {
        keys: countText(keys),
        bytes: bytesText(bytes),
        rate: `${countText(Math.round(keysPerSecond))} keys/s`,
        elapsed: durationText(elapsedMs),
        left: durationText(leftMs === undefined ? undefined : Math.max(1000, leftMs)),
      });
    },
    end: () => bar.stop(),
  };
}
