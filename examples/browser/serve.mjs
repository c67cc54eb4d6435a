// Serves the page and the client's bundle:
//
//   npx synod dev --websocket-port 8080
//   node examples/browser/serve.mjs          http://127.0.0.1:8000
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const port = Number(process.env.PORT ?? 8000);
const files = {
  "/": ["index.html", "text/html"],
  // In a project of your own: node_modules/synod/dist/browser/synod.js, or a bundler that finds it by itself.
  "/synod.js": ["../../dist/browser/synod.js", "text/javascript"],
};

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const [file, type] = files[pathname] ?? [];
  if (file === undefined) response.writeHead(404).end();
  else response.setHeader("content-type", type).end(await readFile(new URL(file, import.meta.url)));
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));
