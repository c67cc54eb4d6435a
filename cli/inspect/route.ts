/** What the server of `synod inspect` gives a browser under one path. */

export interface Route {
  /** As in `/machines.json`. */
  readonly path: string;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** Servers whose pages this page shows in a frame; without it none. */
  readonly frames?: readonly string[];
}
