/**
 * How a chart looks as a picture of its own: by the viewer's preference, in colours that need no variables, because
 * not everything that shows an SVG knows those. The inspector's page has rules of its own for the same classes.
 */

interface Palette {
  readonly paper: string;
  readonly box: string;
  readonly edge: string;
  readonly ink: string;
  readonly soft: string;
  readonly event: string;
  readonly guard: string;
  readonly line: string;
  readonly rule: string;
}

const light: Palette = {
  paper: "#ffffff",
  box: "#f6f8fa",
  edge: "#8c959f",
  ink: "#1f2328",
  soft: "#59636e",
  event: "#0a5bc4",
  guard: "#7a4a00",
  line: "#6e7781",
  rule: "#d9dee3",
};

const dark: Palette = {
  paper: "#0d1117",
  box: "#161b22",
  edge: "#57606a",
  ink: "#e6edf3",
  soft: "#9aa4af",
  event: "#79b8ff",
  guard: "#e3b341",
  line: "#8b949e",
  rule: "#2a3038",
};

const shapes = `
.chart { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-size: 12px }
.box { stroke-width: 1.2 }
.inner, .rule, .line, .initial path { fill: none }
.line, .initial path { stroke-width: 1.3 }
.everywhere .box, .any-state .box { fill: none; stroke-dasharray: 4 3 }
.title { font-size: 15px; font-weight: 600 }
.event { font-weight: 600 }
.keyword { font-style: italic }`;

export const chartStyle = `${shapes}${coloursOf(light)}
@media (prefers-color-scheme: dark) {${coloursOf(dark)}
}
`;

function coloursOf(palette: Palette): string {
  return `
.paper, .back { fill: ${palette.paper} }
.state .box { fill: ${palette.box} }
.box, .inner { stroke: ${palette.edge} }
text { fill: ${palette.ink} }
.prose, .action, .keyword { fill: ${palette.soft} }
.event { fill: ${palette.event} }
.guard { fill: ${palette.guard} }
.line, .initial path { stroke: ${palette.line} }
.head, .initial circle { fill: ${palette.line} }
.rule { stroke: ${palette.rule} }`;
}
