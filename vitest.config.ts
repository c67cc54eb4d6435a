import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/namespaces/**"],
    globalSetup: ["test/support/before-all.ts"],
    pool: "forks",
    // Tests of real processes mostly wait: on two cores, two files at a time take little more than half as long.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
