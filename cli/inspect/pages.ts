/** The pages that `synod inspect` serves, and what they consist of. */
import { machinesDocument } from "./machines-document.ts";
import { ownPage } from "./own-page.ts";
import type { Route } from "./route.ts";
import { statelyPage } from "./stately-page.ts";

/** `pageFolder`: another build of our own page than the one beside this program. */
export function pages(pageFolder?: string): readonly Route[] {
  return [
    ...ownPage(pageFolder),
    {
      path: "/machines.json",
      contentType: "application/json",
      body: JSON.stringify(machinesDocument()),
    },
    ...statelyPage,
  ];
}
