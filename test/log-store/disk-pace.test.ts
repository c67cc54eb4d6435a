/** When a disk is prompt enough to be waited for. */
import { expect, test } from "vitest";
import { DiskPace } from "../../infra/log-store/journal/disk-pace.ts";

function paceAfter(durationsMs: readonly number[], waitedFor = false): DiskPace {
  const pace = new DiskPace();
  for (const durationMs of durationsMs) pace.note(durationMs, waitedFor);
  return pace;
}

const prompt = Array.from({ length: 16 }, () => 0.3);

test("sixteen prompt writes make a prompt disk", () => {
  expect(paceAfter(prompt.slice(1)).isPrompt).toBe(false);
  expect(paceAfter(prompt).isPrompt).toBe(true);
});

test("a long write ends it, and the longer it took the more have to be prompt", () => {
  expect(paceAfter([...prompt, 2]).isPrompt).toBe(false);
  expect(paceAfter([...prompt, 2, ...prompt.slice(1)]).isPrompt).toBe(false);
  expect(paceAfter([...prompt, 2, ...prompt]).isPrompt).toBe(true);
  expect(paceAfter([...prompt, 4, ...prompt]).isPrompt).toBe(false);
  expect(paceAfter([...prompt, 4, ...prompt, ...prompt]).isPrompt).toBe(true);
});

test("a stall of seconds does not end it for good", () => {
  const many = Array.from({ length: 1_000 }, () => 0.3);
  expect(paceAfter([...prompt, 60_000, ...many.slice(1)]).isPrompt).toBe(false);
  expect(paceAfter([...prompt, 60_000, ...many]).isPrompt).toBe(true);
});

test("a write that was waited for has to be quicker than one that woke another thread", () => {
  const middling = Array.from({ length: 16 }, () => 0.8);
  expect(paceAfter(middling, false).isPrompt).toBe(true);
  expect(paceAfter(middling, true).isPrompt).toBe(false);
});
