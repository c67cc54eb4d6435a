/** A machine's definition as an SVG document. */
import { chartOf } from "./chart.ts";
import { layOut } from "./layout.ts";
import { svgOf } from "./svg.ts";

/** Of any machine's `config`. */
export async function drawChart(config: object): Promise<string> {
  return svgOf(await layOut(chartOf(config)));
}
