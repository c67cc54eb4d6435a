/** The stream of what happens, over a WebSocket that is opened again for as long as the page is there. */
import type { LiveMessage } from "../infra/status/live-message.ts";

export type ConnectionState = "connecting" | "open" | "lost";

export interface LiveListener {
  heard(message: LiveMessage): void;
  stateChanged(state: ConnectionState): void;
}

const firstPauseMs = 250;
const pauseMsMax = 3_000;

export function openLive(url: URL, listener: LiveListener): void {
  let pauseMs = firstPauseMs;
  const open = (): void => {
    const socket = new WebSocket(url);
    socket.addEventListener("open", () => {
      pauseMs = firstPauseMs;
      listener.stateChanged("open");
    });
    socket.addEventListener("message", ({ data }) => {
      listener.heard(JSON.parse(String(data)) as LiveMessage);
    });
    // A failed attempt closes, too.
    socket.addEventListener("close", () => {
      listener.stateChanged("lost");
      setTimeout(open, pauseMs);
      pauseMs = Math.min(pauseMs * 2, pauseMsMax);
    });
  };
  listener.stateChanged("connecting");
  open();
}

/** Where the server that gave this page tells what happens. */
export function liveUrl(page: string): URL {
  const url = new URL("/live", page);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}
