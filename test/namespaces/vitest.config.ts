/** For `npm run test:namespaces`, which needs root and iproute2 and is no part of `npm test`. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["test/namespaces/**/*.test.ts"],
    globalSetup: ["test/support/before-all.ts"],
    pool: "forks",
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
