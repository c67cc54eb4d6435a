/** A failure as a person reads it: what happened and why, what it means for the operation, and the next step. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Style } from "./style.ts";

/** Failures of an operation on keys say what became of it; those of a process have nothing to say about that. */
export type FailureKind = "operation" | "process";

export function failureLines(failure: unknown, kind: FailureKind, style: Style): string[] {
  const heading = style.bold(style.red("error:"));
  if (!(failure instanceof SynodError)) {
    return [
      `${heading} ${failure instanceof Error ? failure.message : String(failure)}`,
      ...stepLines(nextStepFor(failure), style),
    ];
  }
  const outcome = failure.outcome === "unknown" ? "outcome unknown" : "not executed";
  const code = kind === "operation" ? `${failure.code}, ${outcome}` : failure.code;
  return [
    `${heading} ${failure.message} (${code})`,
    ...causeLines(failure),
    ...stepLines(failure.nextStep, style),
  ];
}

/** The cause, unless the message has told it already. */
function causeLines({ message, cause }: SynodError): string[] {
  if (!(cause instanceof Error) || cause.message === "" || message.includes(cause.message)) {
    return [];
  }
  return [`  because: ${cause.message}`];
}

function stepLines(nextStep: string, style: Style): string[] {
  const [first = "", ...more] = nextStep.split("\n");
  return [`  ${style.bold("next:")} ${first}`, ...more.map((line) => `  ${line}`)];
}

/** The operating system's refusals are about a file or a port; everything else is a defect. */
function nextStepFor(failure: unknown): string {
  const isSystemError = failure instanceof Error && "syscall" in failure;
  if (isSystemError) return "Check the path it names, its permissions, and that the disk has room.";
  return "Run it again with SYNOD_DEBUG=1 to see where it happened, and report it.";
}
