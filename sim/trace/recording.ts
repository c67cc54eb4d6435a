/** What there is to see of one run: a trace, and a sequence chart as text and as a picture. */
import type { TraceLevel } from "../command/sim-options.ts";
import type { Violation } from "../violation.ts";
import { chartSvg } from "./chart-svg.ts";
import { chartText } from "./chart-text.ts";
import { concernOf, type Wanted } from "./concern.ts";
import { MessageReader } from "./message-text.ts";
import type { RunRecorder } from "./run-recorder.ts";
import { sequenceChart } from "./sequence-chart.ts";
import { traceLines } from "./trace-lines.ts";

export interface RecordingRequest {
  readonly level: TraceLevel;
  readonly linesMax: number;
  readonly wanted: Wanted;
  readonly title: string;
}

export interface Recording {
  /** As much of it as was asked for. */
  readonly trace: readonly string[];
  /** With all messages around what failed. */
  readonly wholeTrace: readonly string[];
  readonly chartText: string;
  readonly chartSvg: string;
}

const wholeLinesMax = 20_000;

export function recordingOf(
  recorder: RunRecorder,
  { level, linesMax, wanted, title }: RecordingRequest,
  violation: Violation | undefined,
): Recording {
  const reader = new MessageReader((member) => recorder.nodeOf(member));
  const concern = concernOf(recorder, violation, wanted);
  const chart = sequenceChart(recorder, reader, concern, title, violation);
  const whole = { level: "all", linesMax: wholeLinesMax } as const;
  return {
    trace: traceLines(recorder, reader, concern, { level, linesMax }),
    wholeTrace: traceLines(recorder, reader, concern, whole),
    chartText: chartText(chart),
    chartSvg: chartSvg(chart),
  };
}
