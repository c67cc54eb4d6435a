/**
 * Who may use a server that listens on this machine only. Any page in a browser can send requests to it, under a name
 * of its own that it has pointed here, and can open WebSockets to it: so the name it was called by has to be one of
 * this machine's, and a page that opens a socket has to have come from here.
 */
import type { IncomingMessage } from "node:http";

const names = ["127.0.0.1", "localhost", "[::1]"];

/** Why the request is refused; undefined = it is not. */
export function whyRefused(
  { headers }: Pick<IncomingMessage, "headers">,
  port: number,
): string | undefined {
  // Browsers leave the usual port out.
  const hosts = names.map((name) => (port === 80 ? name : `${name}:${port}`));
  const { host = "", origin } = headers;
  if (!hosts.includes(host.toLowerCase())) {
    return `this server answers to http://localhost:${port} only, not to ${JSON.stringify(host)}`;
  }
  // Programs that are no browsers send none.
  if (origin === undefined) return undefined;
  if (hosts.some((name) => origin.toLowerCase() === `http://${name}`)) return undefined;
  return `pages of ${JSON.stringify(origin)} may not look here`;
}
