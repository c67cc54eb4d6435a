/** The server of `synod inspect`: pages over HTTP and what happens over WebSockets, for this machine only. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { ClusterInspection } from "./cluster-inspection.ts";
import { liveMessage, liveSnapshot } from "./live-messages.ts";
import { whyRefused } from "./loopback-guard.ts";
import type { Route } from "./route.ts";
import { statelyMessages, statelySnapshot } from "./stately-messages.ts";
import { Viewers } from "./viewers.ts";

export interface InspectServerOptions {
  readonly inspection: ClusterInspection;
  readonly routes: readonly Route[];
  /** 0 = any that is free. */
  readonly port: number;
}

/** Viewers say nothing that matters here. */
const heardBytesMax = 1024;

export class InspectServer {
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: heardBytesMax,
    perMessageDeflate: false,
  });
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #viewers: ReadonlyMap<string, Viewers>;

  private constructor({ inspection, routes }: InspectServerOptions) {
    this.#routes = new Map(routes.map((route) => [route.path, route]));
    const live = new Viewers(inspection, {
      everything: (seen) => [liveSnapshot(seen)],
      news: (news, seen) => [liveMessage(news, seen)],
    });
    const stately = new Viewers(inspection, {
      everything: statelySnapshot,
      news: statelyMessages,
    });
    this.#viewers = new Map([
      ["/live", live],
      ["/inspect", stately],
    ]);
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Rejects with `PORT_IN_USE`. */
  static listen(options: InspectServerOptions): Promise<InspectServer> {
    const made = new InspectServer(options);
    const { port } = options;
    return new Promise((resolve, reject) => {
      made.#server.once("error", (failure: NodeJS.ErrnoException) => {
        const message = `port ${port} on 127.0.0.1 is taken`;
        reject(failure.code === "EADDRINUSE" ? new SynodError("PORT_IN_USE", message) : failure);
      });
      made.#server.listen(port, "127.0.0.1", () => resolve(made));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when nobody is connected any more. */
  close(): Promise<void> {
    for (const viewers of this.#viewers.values()) viewers.close();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const refusal = whyRefused(request, this.port);
    if (refusal !== undefined) return end(response, 403, refusal);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return end(response, 405, "there is nothing here but pages to read");
    }
    const route = this.#routes.get(pathOf(request));
    if (route === undefined) return end(response, 404, `there is no ${pathOf(request)} here`);
    response.writeHead(200, { ...headersOf(route), "content-type": route.contentType });
    response.end(request.method === "HEAD" ? undefined : route.body);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // From here on it is nobody else's: one that is reset would end the process.
    socket.on("error", () => socket.destroy());
    const viewers = this.#viewers.get(pathOf(request));
    const refusal = whyRefused(request, this.port);
    if (refusal !== undefined || viewers === undefined) {
      const status = refusal === undefined ? "404 Not Found" : "403 Forbidden";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (viewer) => viewers.add(viewer));
  }
}

function pathOf({ url = "/" }: IncomingMessage): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

/** Nothing is loaded from elsewhere but the frames a page names, and no other page may show or read one of these. */
function headersOf({ frames = [] }: Partial<Route>): Record<string, string> {
  const frameSources = frames.length === 0 ? "'none'" : frames.join(" ");
  return {
    "content-security-policy": `default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-src ${frameSources}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  };
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...headersOf({}), "content-type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}
