/** A member keeps up if it had applied what was chosen when it was asked, however much has been chosen since. */
import { expect, test } from "vitest";
import { parseTrace, renderTrace, runTrace } from "./support/trace.ts";

/** The leader n2 may hand over to n1 as soon as that has kept up for two seconds: at 3000. */
const throughout = `# Of a busy group.
proposer self=n2

given start
given enable
given deadline name=election
given preVoted from=n2
given preVoted from=n3
given promised from=n2 ballot=1.1@2
given promised from=n3 ballot=1.1@2
given accepted from=n2 ballot=1.1@2 slots=[1]
given accepted from=n3 ballot=1.1@2 slots=[1]
at 1000
given deadline name=heartbeat
given heartbeatAcked from=n1 ballot=1.1@2 beat=2 appliedThrough=1
given heartbeatAcked from=n3 ballot=1.1@2 beat=2 appliedThrough=1
given deadline name=preference
at 2000
given deadline name=heartbeat
given heartbeatAcked from=n1 ballot=1.1@2 beat=3 appliedThrough=1
given heartbeatAcked from=n3 ballot=1.1@2 beat=3 appliedThrough=1
at 3000
`;
const slots = Array.from({ length: 70 }, (_, index) => index + 2);
const seventyChosen = `given propose entries=[${slots.map((slot) => `e${slot}`).join(",")}]
given accepted from=n2 ballot=1.1@2 slots=[${slots.join(",")}]
given accepted from=n3 ballot=1.1@2 slots=[${slots.join(",")}]
`;
const asked = "given deadline name=heartbeat\n";
const answered = `given heartbeatAcked from=n1 ballot=1.1@2 beat=4 appliedThrough=1
given heartbeatAcked from=n3 ballot=1.1@2 beat=4 appliedThrough=1
`;

function whatFollows(...events: string[]): string {
  const text = `${throughout}${events.join("")}deadline name=preference\n----\n`;
  return renderTrace(runTrace(parseTrace(text)));
}

test("what was chosen since it was asked does not count", () => {
  expect(whatFollows(asked, seventyChosen, answered)).toContain("send n1 handOver");
});

test("what was chosen before does", () => {
  expect(whatFollows(seventyChosen, asked, answered)).not.toContain("handOver");
});
