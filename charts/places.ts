/** Reads places out of what ELK answers, where each is relative to the box around it. */
import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Place extends Point {
  readonly width: number;
  readonly height: number;
}

/** ELK says in which node's coordinates it put an edge; its types do not. */
type PlacedEdge = ElkExtendedEdge & { readonly container?: string };

export class Places {
  readonly #nodes = new Map<string, Place>();
  readonly #edges: ReadonlyMap<string, PlacedEdge>;

  /** `origin` is where the whole drawing goes. */
  constructor(placed: ElkNode, origin: Point) {
    this.#edges = new Map((placed.edges ?? []).map((edge) => [edge.id, edge]));
    this.#keep(placed, origin);
  }

  node(id: string): Place {
    const place = this.#nodes.get(id);
    if (place === undefined) throw new Error(`the layout has no place for ${id}`);
    return place;
  }

  points(edgeId: string): readonly Point[] {
    const edge = this.#edge(edgeId);
    const { x, y } = this.node(edge.container ?? "");
    return (edge.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
      [startPoint, ...bendPoints, endPoint].map((point) => ({ x: x + point.x, y: y + point.y })),
    );
  }

  /** Of the edge's only label. */
  label(edgeId: string): Point {
    const edge = this.#edge(edgeId);
    const { x, y } = this.node(edge.container ?? "");
    const [label] = edge.labels ?? [];
    return { x: x + (label?.x ?? 0), y: y + (label?.y ?? 0) };
  }

  #edge(id: string): PlacedEdge {
    const edge = this.#edges.get(id);
    if (edge === undefined) throw new Error(`the layout has no place for ${id}`);
    return edge;
  }

  #keep(node: ElkNode, { x, y }: Point): void {
    this.#nodes.set(node.id, { x, y, width: node.width ?? 0, height: node.height ?? 0 });
    for (const child of node.children ?? []) {
      this.#keep(child, { x: x + (child.x ?? 0), y: y + (child.y ?? 0) });
    }
  }
}
