/**
 * The bridge to Stately's inspector: a page that shows it in a frame and hands it what comes through the socket. It
 * does what the browser adapter of @statelyai/inspect does, with two differences: it says nothing to a frame that is
 * not Stately's, and each time the inspector begins anew it gets all actors anew, because the server knows them.
 */
import type { Route } from "./route.ts";

const inspector = "https://stately.ai/inspect";

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Synod in Stately's inspector</title>
    <style>
      html, body, iframe { margin: 0; width: 100%; height: 100%; border: 0; }
      #note { position: fixed; inset: 1rem auto auto 1rem; max-width: 32rem; padding: 1rem;
        font: 1rem/1.4 system-ui, sans-serif; background: #fff; color: #222; border: 1px solid #ccc; border-radius: 6px; }
      #note[hidden] { display: none; }
    </style>
  </head>
  <body>
    <p id="note">Waiting for stately.ai. Its inspector is loaded from there, so this page needs the internet; what
      it shows goes from this machine to that frame in your browser. <a href="/">The page of Synod</a> needs
      neither.</p>
    <iframe id="inspector" src="${inspector}" title="Stately's inspector"></iframe>
    <script src="/stately.js"></script>
  </body>
</html>
`;

const script = `"use strict";
const frame = document.getElementById("inspector");
const note = document.getElementById("note");
const retryMs = 1000;
let socket;
let origin;

function connect() {
  if (socket !== undefined) socket.onclose = null;
  socket?.close();
  socket = new WebSocket("ws://" + location.host + "/inspect");
  socket.onmessage = ({ data }) => frame.contentWindow.postMessage(JSON.parse(data), origin);
  socket.onclose = () => setTimeout(connect, retryMs);
}

function isStately(host) {
  return host === "stately.ai" || host.endsWith(".stately.ai");
}

addEventListener("message", (message) => {
  if (message.source !== frame.contentWindow) return;
  const { protocol, hostname } = new URL(message.origin);
  if (protocol !== "https:" || !isStately(hostname)) return;
  if (message.data?.type !== "@statelyai.connected") return;
  origin = message.origin;
  note.hidden = true;
  connect();
});
`;

export const statelyPage: readonly Route[] = [
  {
    path: "/stately",
    contentType: "text/html; charset=utf-8",
    body: page,
    frames: ["https://stately.ai", "https://*.stately.ai"],
  },
  { path: "/stately.js", contentType: "text/javascript; charset=utf-8", body: script },
];
