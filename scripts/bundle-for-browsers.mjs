// The client as one file for browsers: its sources, with a browser's platform in place of Node's.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

const browserPlatform = {
  name: "browser platform",
  setup({ onResolve }) {
    onResolve({ filter: /\/platform\/node\.ts$/ }, () => ({
      path: `${root}/client/platform/browser.ts`,
    }));
  },
};

/** Whatever else of Node the client comes to use fails here, by name. */
export async function bundleForBrowsers(outfile) {
  await build({
    entryPoints: [`${root}/client/index.ts`],
    outfile,
    bundle: true,
    format: "esm",
    platform: "browser",
    // What has BigInt, private methods and `static` blocks: browsers since 2022.
    target: "es2022",
    minify: true,
    legalComments: "none",
    inject: [`${root}/infra/browser/buffer.ts`],
    plugins: [browserPlatform],
    logLevel: "warning",
  });
}
