/** Where everything in a drawing goes: the sizes are ours, the places ELK's. */
import type { ELK, ElkExtendedEdge, ElkNode, LayoutOptions } from "elkjs/lib/elk-api.js";
import elkModule from "elkjs/lib/elk.bundled.js";
import { arrowBlock, everywhereBlock, stateBlock, type Block } from "./blocks.ts";
import { allStates, staying, type Chart, type ChartState } from "./chart.ts";
import { Places, type Place, type Point } from "./places.ts";

export interface PlacedState extends Place {
  readonly state: ChartState;
  readonly block: Block;
}

export interface PlacedArrow {
  /** In the chart's list of arrows. */
  readonly index: number;
  readonly points: readonly Point[];
  readonly label: Point & { readonly block: Block };
}

export interface ChartLayout {
  readonly chart: Chart;
  readonly width: number;
  readonly height: number;
  /** Outer states before what is in them. */
  readonly states: readonly PlacedState[];
  readonly arrows: readonly PlacedArrow[];
  /** Marks from which the initial states are entered, and the lines between. */
  readonly initials: readonly (Place & { readonly points: readonly Point[] })[];
  /** The box that stands for any state, if an arrow starts there. */
  readonly anyState: Place | undefined;
  readonly everywhere: (Point & { readonly block: Block }) | undefined;
}

const anyStateId = "any state";
const margin = 20;
const initialSize = 12;
const compoundPadding = 16;

const chartOptions: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "DOWN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.randomSeed": "1",
  // Charts declare their states in the order of a life: what leads back is drawn upwards.
  "elk.layered.considerModelOrder.strategy": "PREFER_NODES",
  "elk.layered.cycleBreaking.strategy": "MODEL_ORDER",
  // What leads out of a state is read beside it.
  "elk.layered.edgeLabels.centerLabelPlacementStrategy": "TAIL_LAYER",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.nodePlacement.favorStraightEdges": "true",
  "elk.layered.thoroughness": "60",
  "elk.spacing.nodeNode": "28",
  "elk.spacing.edgeNode": "18",
  "elk.spacing.edgeEdge": "14",
  "elk.spacing.edgeLabel": "3",
  "elk.layered.spacing.nodeNodeBetweenLayers": "26",
  "elk.layered.spacing.edgeNodeBetweenLayers": "16",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "12",
  "elk.padding": `[top=${margin},left=${margin},bottom=${margin},right=${margin}]`,
};

const labelOptions: LayoutOptions = {
  "elk.edgeLabels.inline": "true",
  "elk.edgeLabels.placement": "CENTER",
};

export async function layOut(chart: Chart): Promise<ChartLayout> {
  // The package is written for require(): what its types call the default export is the module.
  const elk = new (elkModule as unknown as new () => ELK)();
  const states = allStates(chart.states).map((state) => ({ state, block: stateBlock(state) }));
  const blocks = new Map(states.map(({ state, block }) => [state.name, block]));
  const edges: ElkExtendedEdge[] = chart.arrows.map((arrow, index) => {
    const { width, height } = arrowBlock(arrow);
    return {
      id: arrowId(index),
      sources: [arrow.from ?? anyStateId],
      targets: [arrow.to],
      labels: [{ id: `${index}`, text: "-", width, height, layoutOptions: labelOptions }],
    };
  });
  const children = nodesOf(chart.states, chart.id, blocks, edges);
  const leavesAnyState = chart.arrows.some(({ from }) => from === undefined);
  if (leavesAnyState) children.unshift({ id: anyStateId, width: 92, height: 30 });
  const placed: ElkNode = await elk.layout({
    id: "",
    layoutOptions: chartOptions,
    children,
    edges,
  });

  const everywhere =
    staying(chart.everywhere).length === 0 ? undefined : everywhereBlock(chart.everywhere);
  const top = everywhere === undefined ? 0 : everywhere.height + 12;
  const places = new Places(placed, { x: 0, y: top });
  return {
    chart,
    width: Math.ceil(Math.max(placed.width ?? 0, (everywhere?.width ?? 0) + 2 * margin)),
    height: Math.ceil(top + (placed.height ?? 0)),
    states: states.map(({ state, block }) => ({ state, block, ...places.node(state.name) })),
    arrows: chart.arrows.map((arrow, index) => ({
      index,
      points: places.points(arrowId(index)),
      label: { ...places.label(arrowId(index)), block: arrowBlock(arrow) },
    })),
    initials: states
      .filter(({ state }) => state.initial)
      .map(({ state }) => ({
        ...places.node(initialId(state)),
        points: places.points(initialId(state)),
      })),
    anyState: leavesAnyState ? places.node(anyStateId) : undefined,
    everywhere: everywhere === undefined ? undefined : { x: margin, y: margin, block: everywhere },
  };
}

/** Adds the arrows from the initial marks to the edges. */
function nodesOf(
  states: readonly ChartState[],
  parent: string,
  blocks: ReadonlyMap<string, Block>,
  edges: ElkExtendedEdge[],
): ElkNode[] {
  return states.flatMap((state) => {
    const { width, height } = blocks.get(state.name) ?? { width: 0, height: 0 };
    const node: ElkNode = { id: state.name, width, height };
    if (state.states.length > 0) {
      const top = height + compoundPadding;
      node.children = nodesOf(state.states, state.name, blocks, edges);
      node.layoutOptions = {
        "elk.padding": `[top=${top},left=${compoundPadding},bottom=${compoundPadding},right=${compoundPadding}]`,
        "elk.nodeSize.constraints": "MINIMUM_SIZE",
        "elk.nodeSize.minimum": `(${width},${height})`,
      };
    }
    if (!state.initial) return [node];
    const id = initialId(state);
    edges.push({ id, sources: [id], targets: [state.name] });
    return [{ id, width: initialSize, height: initialSize }, node];
  });
}

function arrowId(index: number): string {
  return `arrow ${index}`;
}

function initialId({ name }: ChartState): string {
  return `into ${name}`;
}
