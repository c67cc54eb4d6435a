/** Copies a value from one view to another. */

/** From here on the engine's own copy is quicker, windows it needs included. */
const ownCopyMax = 512;

/** Copies `[start, end)` of `from` to `at` in `to`. */
export function copyBytes(
  from: DataView,
  start: number,
  end: number,
  to: DataView,
  at: number,
): void {
  if (end - start > ownCopyMax) {
    const source = new Uint8Array(from.buffer, from.byteOffset + start, end - start);
    new Uint8Array(to.buffer, to.byteOffset + at, end - start).set(source);
    return;
  }
  let next = start;
  let target = at;
  // Four words are read before any is written: what the cache does not hold is then waited for once.
  for (; next + 16 <= end; next += 16) {
    const first = from.getInt32(next, true);
    const second = from.getInt32(next + 4, true);
    const third = from.getInt32(next + 8, true);
    const fourth = from.getInt32(next + 12, true);
    to.setInt32(target, first, true);
    to.setInt32(target + 4, second, true);
    to.setInt32(target + 8, third, true);
    to.setInt32(target + 12, fourth, true);
    target += 16;
  }
  for (; next + 4 <= end; next += 4) {
    to.setInt32(target, from.getInt32(next, true), true);
    target += 4;
  }
  for (; next < end; next += 1) {
    to.setUint8(target, from.getUint8(next));
    target += 1;
  }
}
