/** Those who look through one kind of socket: each gets everything at once, and then what happens. */
import type { WebSocket } from "ws";
import type { ClusterInspection, InspectionNews } from "./cluster-inspection.ts";

/** What a kind of socket says of the cluster. */
export interface Tongue {
  readonly everything: (inspection: ClusterInspection) => readonly object[];
  readonly news: (news: InspectionNews, inspection: ClusterInspection) => readonly object[];
}

/** A viewer that is so far behind is cut off; when it comes back it gets everything as it is then. */
const backlogBytesMax = 8 * 1024 * 1024;

const tryAgainLater = 1013;

export class Viewers {
  readonly #inspection: ClusterInspection;
  readonly #tongue: Tongue;
  readonly #sockets = new Set<WebSocket>();
  #stopListening: (() => void) | undefined;

  constructor(inspection: ClusterInspection, tongue: Tongue) {
    this.#inspection = inspection;
    this.#tongue = tongue;
  }

  add(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#left(socket));
    // Its close follows.
    socket.on("error", () => undefined);
    this.#stopListening ??= this.#inspection.listen((news) => this.#tell(news));
    for (const message of this.#tongue.everything(this.#inspection)) say(socket, message);
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #left(socket: WebSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  #tell(news: InspectionNews): void {
    const messages = this.#tongue
      .news(news, this.#inspection)
      .map((message) => JSON.stringify(message));
    for (const socket of this.#sockets) {
      if (socket.bufferedAmount > backlogBytesMax) socket.close(tryAgainLater, "too slow");
      else for (const message of messages) socket.send(message);
    }
  }
}

function say(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify(message));
}
