/**
 * A node's way to the NATS server, through which everything it says and hears passes. It can be cut, it can hold back
 * what goes in one direction as a network does that loses every packet, and it can leave out what some nodes say.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { senderOf } from "../../../actors/subjects.ts";
import { FrameSplitter } from "./protocol-frames.ts";

export type Direction = "to node" | "from node";

/** What connects a node with the server, both ways. */
interface Pair {
  readonly node: Socket;
  readonly broker: Socket;
}

export class NodeLink {
  readonly #server: Server;
  readonly #peerSubjects: string;
  readonly #brokerPort: number;
  readonly #heard: (payload: Buffer) => void;
  readonly #pairs = new Set<Pair>();
  readonly #held = new Set<Direction>();
  #deafTo: ReadonlySet<string> = new Set();
  #isOpen = true;
  /** Messages that were left out. */
  #dropped = 0;

  private constructor(
    server: Server,
    brokerPort: number,
    prefix: string,
    heard: (payload: Buffer) => void,
  ) {
    this.#server = server;
    this.#brokerPort = brokerPort;
    this.#heard = heard;
    this.#peerSubjects = `${prefix}.p.`;
  }

  /** `heard` is told what other nodes say to this one. */
  static async open(
    brokerPort: number,
    prefix: string,
    heard: (payload: Buffer) => void,
  ): Promise<NodeLink> {
    const server = createServer();
    const link = new NodeLink(server, brokerPort, prefix, heard);
    server.on("connection", (socket) => link.#pass(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return link;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Messages of these nodes to this one are lost. */
  hearNothingFrom(nodes: Iterable<string>): void {
    this.#deafTo = new Set(nodes);
  }

  /** Ends every connection, and lets nobody through until `mend`. */
  cut(): void {
    this.#isOpen = false;
    this.#breakAll();
  }

  /** Nothing more arrives that way, and nobody is told. */
  hold(direction: Direction): void {
    this.#held.add(direction);
    for (const pair of this.#pairs) source(pair, direction).pause();
  }

  /** What was held arrives late; with `lost` it never does, because the connections break. */
  mend(lost = false): void {
    this.#isOpen = true;
    this.#deafTo = new Set();
    const wasHeld = this.#held.size > 0;
    const held = [...this.#held];
    this.#held.clear();
    if (wasHeld && lost) this.#breakAll();
    else for (const pair of this.#pairs) for (const way of held) source(pair, way).resume();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #breakAll(): void {
    for (const { node, broker } of this.#pairs) {
      node.destroy();
      broker.destroy();
    }
  }

  #pass(node: Socket): void {
    if (!this.#isOpen) {
      node.destroy();
      return;
    }
    const broker = connect(this.#brokerPort, "127.0.0.1");
    const pair: Pair = { node, broker };
    this.#pairs.add(pair);
    node.setNoDelay(true);
    broker.setNoDelay(true);
    const splitter = new FrameSplitter();
    broker.on("data", (bytes) => this.#toNode(pair, splitter, bytes));
    node.on("data", (bytes) => forward(node, broker, bytes));
    broker.on("drain", () => this.#resume(pair, "from node"));
    node.on("drain", () => this.#resume(pair, "to node"));
    const end = (): void => {
      this.#pairs.delete(pair);
      node.destroy();
      broker.destroy();
    };
    for (const socket of [node, broker]) socket.on("error", end).on("close", end);
    for (const direction of this.#held) source(pair, direction).pause();
  }

  #toNode({ node, broker }: Pair, splitter: FrameSplitter, bytes: Buffer): void {
    const kept: Buffer[] = [];
    for (const { subject, bytes: own, payload } of splitter.push(bytes)) {
      if (subject?.startsWith(this.#peerSubjects) === true) {
        if (this.#deafTo.has(senderOf(subject))) {
          this.#dropped += 1;
          continue;
        }
        this.#heard(payload);
      }
      kept.push(own);
    }
    if (kept.length > 0) forward(broker, node, Buffer.concat(kept));
  }

  #resume(pair: Pair, direction: Direction): void {
    if (!this.#held.has(direction)) source(pair, direction).resume();
  }
}

function source({ node, broker }: Pair, direction: Direction): Socket {
  return direction === "to node" ? broker : node;
}

/** A slow reader slows its writer down. */
function forward(from: Socket, to: Socket, bytes: Buffer): void {
  if (!to.write(bytes)) from.pause();
}
