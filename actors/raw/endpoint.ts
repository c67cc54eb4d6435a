/** One subject of the micro service, and what came of the requests to it on this node. */

export class Endpoint {
  readonly name: string;
  readonly subject: string;
  requests = 0;
  errors = 0;
  lastError = "";
  /** From a request's arrival to its answer, all together. */
  processingMs = 0;

  constructor(name: string, subject: string) {
    this.name = name;
    this.subject = subject;
  }

  answered(processingMs: number): void {
    this.requests += 1;
    this.processingMs += processingMs;
  }

  failed(processingMs: number, error: string): void {
    this.answered(processingMs);
    this.noteError(error);
  }

  noteError(error: string): void {
    this.errors += 1;
    this.lastError = error;
  }
}
