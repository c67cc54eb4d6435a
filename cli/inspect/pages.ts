/** The pages that `synod inspect` serves, and what they consist of. */
import { machinesDocument } from "./machines-document.ts";
import type { Route } from "./route.ts";
import { statelyPage } from "./stately-page.ts";

const start = `<!doctype html>
<meta charset="utf-8" />
<title>Synod</title>
<p><a href="/stately">Stately's inspector</a> (needs the internet), <a href="/machines.json">the charts</a></p>
`;

export function pages(): readonly Route[] {
  return [
    { path: "/", contentType: "text/html; charset=utf-8", body: start },
    {
      path: "/machines.json",
      contentType: "application/json",
      body: JSON.stringify(machinesDocument()),
    },
    ...statelyPage,
  ];
}
