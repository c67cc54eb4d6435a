/** The picture of docs/benchmarks.md: throughput at 256 callers, of every system at every workload, as SVG. */
import { init, use } from "echarts/core";
import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
import { titles, type ContestantName } from "./contestant.ts";
import { medianOf, throughput } from "./ratios.ts";
import type { CellResult, ComparisonResult } from "./results.ts";

const callers = 256;
const valueBytes = 128;

/** Ours in one hue, each family of peers in another, floors in grey. Readable on light and dark pages. */
const colours: Readonly<Record<ContestantName, string>> = {
  synod: "#2563eb",
  "synod-raw": "#60a5fa",
  etcd: "#dc2626",
  "etcd-debian": "#f87171",
  jetstream: "#16a34a",
  "jetstream-always": "#4ade80",
  "floor-nats": "#6b7280",
  "floor-lmdb": "#9ca3af",
};
const ink = "#6b7280";

/** The same result makes the same picture, to the byte. */
export function renderPlot(result: ComparisonResult): string {
  use([BarChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);
  const cells = result.cells.filter(({ cell }) => isDrawn(cell));
  const chart = init(null, undefined, { renderer: "svg", ssr: true, width: 1000, height: 420 });
  chart.setOption({
    animation: false,
    title: {
      text: `Operations per second, ${callers} callers, values of ${valueBytes} B, two cores for everything`,
      left: 70,
      textStyle: { fontSize: 14, color: ink },
    },
    legend: { orient: "vertical", left: 740, top: 50, textStyle: { color: ink } },
    grid: { left: 70, right: 250, top: 40, bottom: 30 },
    xAxis: {
      type: "category",
      data: cells.map(({ cell }) => cell.workload),
      axisLabel: { color: ink },
    },
    yAxis: {
      type: "value",
      axisLabel: { color: ink },
      splitLine: { lineStyle: { color: ink, opacity: 0.25 } },
    },
    series: result.contestants.map(({ name }) => series(name, cells)),
  });
  const drawn = chart.renderToSVGString();
  chart.dispose();
  return `${stableNames(drawn)}\n`;
}

function isDrawn(cell: CellResult["cell"]): boolean {
  return (
    cell.callers === callers && cell.valueBytes === valueBytes && cell.ratePerSecond === undefined
  );
}

function series(name: ContestantName, cells: readonly CellResult[]): object {
  return {
    type: "bar",
    name: titles[name],
    itemStyle: { color: colours[name] },
    data: cells.map((cell) => Math.round(medianOf(cell, name, throughput) ?? 0)),
  };
}

/** The library numbers its charts and what is in them over the life of the process. */
function stableNames(svg: string): string {
  const names = [...new Set(svg.match(/zr\d+-[a-z]+-?\d*/g) ?? [])];
  const numbered = new Map(names.map((name, at) => [name, `plot-${at}`]));
  return svg.replaceAll(/zr\d+-[a-z]+-?\d*/g, (name) => numbered.get(name) ?? name);
}
