/**
 * What may still be spent: keys that range operations look at, and bytes of an answer. Only what is part of the
 * replicated state is counted where entries are applied, never what one replica's layout happens to hold, so that
 * all replicas run out at the same operation.
 */
export class Budget {
  keysLeft = 0;
  bytesLeft = 0;

  /** False when no key is left. */
  takeKey(): boolean {
    if (this.keysLeft === 0) return false;
    this.keysLeft--;
    return true;
  }

  /** What was taken in advance and turned out not to be needed. */
  giveBackBytes(count: number): void {
    this.bytesLeft += count;
  }

  /** False, taking nothing, when that many are not left. */
  takeBytes(count: number): boolean {
    if (count > this.bytesLeft) return false;
    this.bytesLeft -= count;
    return true;
  }
}
