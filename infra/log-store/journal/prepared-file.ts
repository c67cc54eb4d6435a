/**
 * A file that has its blocks before anything is written to it. A write that makes a file longer has the file system write
 * down where it lies, and wait for that as well, which takes longer than the write itself.
 */
import { constants } from "node:fs";
import { open, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";

const pieceBytes = 128 * 1024;
/** So many times what it takes has to be free: nobody's write may fail for want of room that is taken in advance. */
const roomMin = 8;
/** So that writes somebody waits for find the disk idle most of the time. */
const pauseMs = 5;

/**
 * Resolves when the file consists of as many zeros, or as soon as nobody wants it any more. Rejects where room is scarce, and
 * then there is no file.
 */
export async function prepareFile(
  path: string,
  bytes: number,
  isWanted: () => boolean,
): Promise<void> {
  const { O_CREAT, O_WRONLY, O_DSYNC } = constants;
  const { bavail, bsize } = await statfs(dirname(path));
  const isScarce = bavail * bsize < bytes * roomMin;
  if (isScarce) throw new Error(`too little room to fill ${path} in advance`);
  const file = await open(path, O_CREAT | O_WRONLY | O_DSYNC);
  try {
    const zeros = Buffer.alloc(pieceBytes);
    for (let at = 0; at < bytes && isWanted(); at += pieceBytes) {
      await file.write(zeros, 0, Math.min(pieceBytes, bytes - at), at);
      await setTimeout(pauseMs);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
