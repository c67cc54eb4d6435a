/** A stand-in for the server of `synod inspect`: the page of this state of the sources, and a stream that a test speaks. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { machinesDocument } from "../../../cli/inspect/machines-document.ts";
import { ownPage } from "../../../cli/inspect/own-page.ts";
import type { Route } from "../../../cli/inspect/route.ts";
import type { InspectedActor } from "../../../infra/status/inspection.ts";
import type { LiveMessage, LiveNode } from "../../../infra/status/live-message.ts";
import { compiledPath } from "../../support/compiled.ts";

export class FakeInspect {
  #server: Server | undefined;
  readonly #sockets = new Set<WebSocket>();
  readonly #routes: ReadonlyMap<string, Route>;
  #nodes: readonly LiveNode[] = [];
  #port = 0;

  private constructor() {
    const machines = { contentType: "application/json", body: JSON.stringify(machinesDocument()) };
    const routes = [...ownPage(compiledPath("web")), { path: "/machines.json", ...machines }];
    this.#routes = new Map(routes.map((route) => [route.path, route]));
  }

  static async start(nodes: readonly LiveNode[]): Promise<FakeInspect> {
    const fake = new FakeInspect();
    fake.#nodes = nodes;
    await fake.startAgain();
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** On the port that it had. */
  async startAgain(): Promise<void> {
    const server = createServer(({ url = "/" }, response) => {
      const route = this.#routes.get(url);
      response.writeHead(route === undefined ? 404 : 200, {
        "content-type": route?.contentType ?? "text/plain",
      });
      response.end(route?.body);
    });
    const sockets = new WebSocketServer({ server, path: "/live" });
    sockets.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.send(JSON.stringify({ type: "snapshot", nodes: this.#nodes }));
    });
    await new Promise<void>((resolve) => {
      server.listen(this.#port, "127.0.0.1", () => resolve());
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As when it is ended: sockets are closed, and nobody answers any more. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.terminate();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
  }

  /** What it tells those who come. */
  set nodes(nodes: readonly LiveNode[]) {
    this.#nodes = nodes;
  }

  say(message: LiveMessage): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(message));
  }
}

/** Nodes `n1`… with a replica of each group, the groups' leaders taking turns. */
export function nodesLike(nodes: number, groups: readonly string[]): readonly LiveNode[] {
  return Array.from({ length: nodes }, (_, at) => {
    const node = `n${at + 1}`;
    const actors = groups.flatMap((group, place) => {
      const leads = place % nodes === at;
      const leader = { node: `n${(place % nodes) + 1}`, ballot: "1.4@2f" };
      return [
        actor(`${node}/${group}/acceptor`, "voting", { promise: "1.4@2f", chosenThrough: 1204 }),
        actor(`${node}/${group}/birth`, "born", { complete: true, members: [] }),
        actor(`${node}/${group}/checkpointer`, "idle", { checkpointThrough: 1000 }),
        actor(`${node}/${group}/learner`, "following", { appliedThrough: 1203 + place }),
        actor(`${node}/${group}/proposer`, leads ? "leading" : "following", {
          leader,
          inFlight: 0,
        }),
      ];
    });
    return {
      node,
      start: 1,
      gone: false,
      actors: [
        actor(`${node}/node`, "serving", { incarnation: 1 }),
        actor(`${node}/region-manager`, at === 0 ? "active" : "standby", {}),
        ...actors,
      ],
    };
  });
}

function actor(id: string, state: string, memory: Record<string, unknown>): InspectedActor {
  const machine = id.slice(id.lastIndexOf("/") + 1);
  return { id, machine, state, status: "active", contextSummary: memory };
}
