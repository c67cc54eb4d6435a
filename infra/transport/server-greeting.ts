/** Who listens on a port: a nats-server says so itself, in the first line it sends. */
import { connect } from "node:net";
import type { Clock } from "../clock/clock.ts";

export type Listener =
  | { readonly kind: "nobody" }
  | { readonly kind: "nats-server"; readonly name: string; readonly version: string }
  /** Something that accepts connections and does not greet like a nats-server. */
  | { readonly kind: "stranger" };

/** A greeting is a few hundred bytes; a stranger may send anything. */
const greetingBytesMax = 64 * 1024;

/** Resolves within `timeoutMs`, also when the other side accepts and keeps silent. */
export function listenerAt(
  host: string,
  port: number,
  timeoutMs: number,
  clock: Clock,
): Promise<Listener> {
  return new Promise((resolve) => {
    const socket = connect({ host: reachableAddress(host), port });
    let connected = false;
    let received = "";
    const conclude = (listener: Listener) => {
      cancelTimeout();
      socket.destroy();
      resolve(listener);
    };
    const whoeverIsThere = (): Listener => ({ kind: connected ? "stranger" : "nobody" });
    const cancelTimeout = clock.after(timeoutMs, () => conclude(whoeverIsThere()));
    socket.setEncoding("utf8");
    socket.on("connect", () => {
      connected = true;
    });
    socket.on("data", (text: string) => {
      received += text;
      if (received.includes("\r\n")) conclude(parseGreeting(received) ?? { kind: "stranger" });
      else if (received.length > greetingBytesMax) conclude({ kind: "stranger" });
    });
    socket.on("error", () => conclude(whoeverIsThere()));
    socket.on("end", () => conclude({ kind: "stranger" }));
  });
}

/** Undefined unless the text begins with a nats-server's `INFO` line. */
export function parseGreeting(received: string): Listener | undefined {
  const body = /^INFO (\{.*\})\s*\r\n/.exec(received)?.[1];
  if (body === undefined) return undefined;
  try {
    const greeting: unknown = JSON.parse(body);
    if (typeof greeting !== "object" || greeting === null) return undefined;
    const { server_name: name, version } = greeting as Record<string, unknown>;
    return {
      kind: "nats-server",
      name: typeof name === "string" ? name : "",
      version: typeof version === "string" ? version : "unknown",
    };
  } catch {
    return undefined;
  }
}

/** A server that listens on every address is reached on the loopback one. */
export function reachableAddress(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
