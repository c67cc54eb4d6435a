/** Messages leave in order, in few pieces, as the protocol wants them, and what was handed on stays as it is. */
import { expect, test } from "vitest";
import { PublishBuffer } from "../../infra/transport/publish-buffer.ts";

function buffer(): { published: PublishBuffer; sent: Uint8Array[]; text: () => string } {
  const sent: Uint8Array[] = [];
  const published = new PublishBuffer((commands) => void sent.push(commands));
  return { published, sent, text: () => Buffer.concat(sent).toString("latin1") };
}

test("messages of one turn leave as one piece", () => {
  const { published, sent, text } = buffer();
  expect(published.isEmpty).toBe(true);
  published.add("a.b", "", Buffer.from("one"));
  published.add("c", "_INBOX.1", new Uint8Array());
  published.add("d", "", new Uint8Array(10).fill(0x7a));
  expect([published.isEmpty, sent.length]).toEqual([false, 0]);
  published.flush();
  expect([published.isEmpty, sent.length]).toEqual([true, 1]);
  expect(text()).toBe("PUB a.b 3\r\none\r\nPUB c _INBOX.1 0\r\n\r\nPUB d 10\r\nzzzzzzzzzz\r\n");
  published.flush();
  expect(sent).toHaveLength(1);
});

test("more than fits leaves early and in order, and nothing that was sent changes", () => {
  const { published, sent, text } = buffer();
  let expected = "";
  let early = "";
  for (let number = 0; number < 200; number++) {
    const payload = String(number).repeat(number === 77 ? 1 : 300);
    published.add(`subject.${number}`, "", Buffer.from(payload));
    expected += `PUB subject.${number} ${payload.length}\r\n${payload}\r\n`;
    if (number % 7 === 0) published.flush();
    if (number === 100) early = text();
  }
  published.flush();
  expect(text()).toBe(expected);
  expect(expected.startsWith(early)).toBe(true);
  expect(sent.length).toBeLessThan(45);
});

test("subjects as long as they may be fit", () => {
  const { published, text } = buffer();
  const subject = "s".repeat(3_900);
  published.add("fill", "", new Uint8Array(2_048));
  for (let times = 0; times < 10; times++) published.add(subject, "r", new Uint8Array(1));
  published.flush();
  expect(text().split(subject)).toHaveLength(11);
});

test("a message larger than a block leaves between its neighbours", () => {
  const { published, text } = buffer();
  const large = "l".repeat(100_000);
  published.add("before", "", Buffer.from("b"));
  published.add("large", "_INBOX.2", Buffer.from(large));
  published.add("behind", "", Buffer.from("h"));
  published.flush();
  expect(text()).toBe(
    `PUB before 1\r\nb\r\nPUB large _INBOX.2 100000\r\n${large}\r\nPUB behind 1\r\nh\r\n`,
  );
});
