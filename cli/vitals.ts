/** What a process knows of its own health. */
import { monitorEventLoopDelay } from "node:perf_hooks";

/**
 * The monitor wakes the process this often, and counts it as delay. Ten samples from report to report see every delay that
 * is longer, and tell of shorter ones as often as they are met.
 */
const resolutionMs = 100;

/**
 * The process id, its wall clock, memory in bytes, CPU in milliseconds since the start, event-loop delay in milliseconds
 * since the last call.
 */
export function processVitals(): () => Readonly<Record<string, number>> {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  return () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const vitals = {
      pid: process.pid,
      wallMs: Date.now(),
      rssBytes: rss,
      heapBytes: heapUsed,
      externalBytes: external,
      cpuMs: Math.round((user + system) / 1000),
      uptimeMs: Math.round(process.uptime() * 1000),
      loopDelayP99Ms: Math.max(0, Math.round(delay.percentile(99) / 1e4) / 100 - resolutionMs),
      loopDelayMaxMs: Math.max(0, Math.round(delay.max / 1e4) / 100 - resolutionMs),
    };
    delay.reset();
    return vitals;
  };
}
