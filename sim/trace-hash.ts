/** A running hash over what happened: two runs of one seed must end with the same. */
export class TraceHash {
  #value = 0x811c9dc5;

  add(text: string): void {
    let value = this.#value;
    for (let at = 0; at < text.length; at++) {
      value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
    }
    this.#value = value;
  }

  addBytes(bytes: Uint8Array): void {
    let value = this.#value;
    for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193);
    this.#value = value;
  }

  get hex(): string {
    return (this.#value >>> 0).toString(16).padStart(8, "0");
  }
}
