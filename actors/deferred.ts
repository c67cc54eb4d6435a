/** A promise that is settled from outside. */
export class Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: unknown) => void;

  constructor() {
    let resolve: (value: Value) => void = () => undefined;
    let reject: (reason: unknown) => void = () => undefined;
    this.promise = new Promise<Value>((onResolved, onRejected) => {
      resolve = onResolved;
      reject = onRejected;
    });
    this.resolve = resolve;
    this.reject = reject;
  }
}
