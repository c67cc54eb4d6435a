/** The pages that `synod inspect` serves, and what they consist of. */
import { machinesDocument } from "./machines-document.ts";
import { ownPage } from "./own-page.ts";
import type { Route } from "./route.ts";
import { statelyPage } from "./stately-page.ts";

export function pages(): readonly Route[] {
  return [
    ...ownPage(),
    {
      path: "/machines.json",
      contentType: "application/json",
      body: JSON.stringify(machinesDocument()),
    },
    ...statelyPage,
  ];
}
