/** Waits for a condition instead of for a time; a test that waits in vain says what it was waiting for. */
import { readFileSync } from "node:fs";

const pollMs = 5;

export async function waitUntil(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) {
      const said = typeof what === "string" ? what : what();
      throw new Error(`waited ${timeoutMs} ms in vain: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** True for a process that has ended, also while it still waits to be reaped by whoever adopted it. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
