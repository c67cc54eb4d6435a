/**
 * Which subjects may be published to and subscribed to, and which subscriptions a subject reaches. Everything
 * that becomes a subject passes here: the server itself takes blanks as separators, so an unchecked subject is
 * a way to send it other commands.
 */
import { SynodError } from "../errors/synod-error.ts";

/** Subject and reply together; the server cuts the connection when a command's line passes 4,096 bytes. */
const subjectBytesMax = 3_900;

/** Protocol messages between nodes: `synod.p.<to>.<from>`. Only nodes may publish there. */
export const protocolSubjectPrefix = "synod.p.";

/** Where clients listen for replies. A node answers nowhere else, or a client could make it speak to its peers. */
const inboxSubjectPrefix = "_INBOX.";

const dot = 46;
const star = 42;
const greater = 62;
const firstPrintable = 33;
const lastPrintable = 126;

/** Visible ASCII, no wildcard, no empty token. */
export function isPublishSubject(subject: string): boolean {
  let previous = dot;
  for (let index = 0; index < subject.length; index += 1) {
    const code = subject.charCodeAt(index);
    if (code < firstPrintable || code > lastPrintable) return false;
    if (code === star || code === greater) return false;
    if (code === dot && previous === dot) return false;
    previous = code;
  }
  return previous !== dot && subject.length <= subjectBytesMax;
}

/** Whether a reply subject that a client chose may be answered. */
export function isInboxSubject(subject: string): boolean {
  return subject.startsWith(inboxSubjectPrefix) && isPublishSubject(subject);
}

export function requirePublishSubjects(subject: string, reply: string | undefined): void {
  if (!isPublishSubject(subject)) throw notASubject("publish to", subject);
  if (reply === undefined) return;
  if (!isPublishSubject(reply)) throw notASubject("ask for replies on", reply);
  if (subject.length + reply.length > subjectBytesMax) {
    throw notASubject("publish with this reply", `${subject} ${reply}`);
  }
}

/** As for publishing, but `*` may stand for one token and a last `>` for one or more. */
export function requireSubscribeSubject(subject: string): void {
  const tokens = subject.split(".");
  const valid = tokens.every(
    (token, index) =>
      token === "*" || (token === ">" && index === tokens.length - 1) || isPublishSubject(token),
  );
  if (!valid || subject.length > subjectBytesMax) throw notASubject("subscribe to", subject);
}

export function hasWildcard(subject: string): boolean {
  return subject.includes("*") || subject.includes(">");
}

/** Whether a message published to `subject` reaches a subscription to `pattern`; both are valid. */
export function subjectMatches(pattern: string, subject: string): boolean {
  let at = 0;
  for (let index = 0; index < pattern.length; index += 1) {
    const code = pattern.charCodeAt(index);
    if (at >= subject.length) return false;
    if (code === greater) return true;
    if (code === star) {
      while (at < subject.length && subject.charCodeAt(at) !== dot) at += 1;
    } else if (code === subject.charCodeAt(at)) {
      at += 1;
    } else {
      return false;
    }
  }
  return at === subject.length;
}

function notASubject(act: string, subject: string): SynodError {
  const shown = JSON.stringify(subject.length > 120 ? `${subject.slice(0, 120)}...` : subject);
  return new SynodError(
    "BAD_REQUEST",
    `cannot ${act} ${shown}: a subject is visible ASCII in tokens separated by dots, at most ${subjectBytesMax} bytes`,
  );
}
