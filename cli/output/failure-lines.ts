/** A failure as a person reads it: what happened and why, what it means for the operation, and the next step. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import { TopologyError } from "../../infra/topology/topology-error.ts";
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
  if (failure instanceof TopologyError) return topologyLines(failure, heading);
  const outcome = failure.outcome === "unknown" ? "outcome unknown" : "not executed";
  const code = kind === "operation" ? `${failure.code}, ${outcome}` : failure.code;
  return [
    `${heading} ${failure.message} (${code})`,
    ...causeLines(failure),
    ...stepLines(failure.nextStep, style),
  ];
}

/** The same for programs, in the words that raw subjects use. What is no `SynodError` is a defect. */
export function failureObject(failure: unknown): object {
  const known =
    failure instanceof SynodError
      ? failure
      : new SynodError(
          "INTERNAL_ERROR",
          failure instanceof Error ? failure.message : String(failure),
          {
            nextStep: nextStepFor(failure),
          },
        );
  const { code, message, retryable, outcome, nextStep } = known;
  return { error: { code, message, retryable, outcome, nextStep } };
}

/** Every problem has a place and a fix of its own. */
function topologyLines({ code, message, problems }: TopologyError, heading: string): string[] {
  const [first] = problems;
  if (problems.length === 1 && first?.line === 0) {
    return [`${heading} ${first.message} (${code})`, `  fix: ${first.fix}`];
  }
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  const lines = message.split("\n").map((line) => `  ${line}`);
  return [`${heading} the topology has ${count} (${code})`, ...lines];
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
