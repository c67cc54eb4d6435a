/** Downloads one file over HTTP into memory, bounded in time, in silence and in size. */
import type { Clock } from "../clock/clock.ts";

export interface DownloadBounds {
  /** For the whole download. */
  readonly timeoutMs: number;
  /** Between two pieces, and before the first. */
  readonly silenceTimeoutMs: number;
  readonly bytesMax: number;
}

/** The message names the address and what went wrong. */
export class DownloadFailed extends Error {
  override readonly name = "DownloadFailed";
}

/** Follows redirects. Rejects with `DownloadFailed`; what arrived until then is dropped. */
export async function download(
  address: string,
  bounds: DownloadBounds,
  clock: Clock,
): Promise<Buffer> {
  const abort = new AbortController();
  const giveUp = (reason: string) => abort.abort(new Error(reason));
  const cancelTimeout = clock.after(bounds.timeoutMs, () =>
    giveUp(`not finished within ${bounds.timeoutMs / 1000} s`),
  );
  const awaitNextPiece = () =>
    clock.after(bounds.silenceTimeoutMs, () =>
      giveUp(`nothing arrived for ${bounds.silenceTimeoutMs / 1000} s`),
    );
  let cancelSilence = awaitNextPiece();
  try {
    const response = await fetch(address, { signal: abort.signal });
    if (!response.ok || response.body === null) {
      throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
    }
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of response.body) {
      cancelSilence();
      cancelSilence = awaitNextPiece();
      bytes += piece.byteLength;
      if (bytes > bounds.bytesMax) throw new Error(`longer than ${bounds.bytesMax} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } catch (failure) {
    throw new DownloadFailed(`${address}: ${reasonOf(failure)}`, { cause: failure });
  } finally {
    cancelTimeout();
    cancelSilence();
    abort.abort();
  }
}

/** `fetch` says only "fetch failed" or "terminated"; what happened stands in the cause. */
function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  const { cause } = failure;
  if (!(cause instanceof Error)) return failure.message;
  return cause.message === "" ? `${failure.message} (${cause.name})` : cause.message;
}
