/** What keeps Laurel from starting; it is told to a person, so it is one sentence that says what to do. */

/** A start refused for a reason that a person can mend: the entrance prints `message` alone, without a stack, and exits 1. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartError'
  }
}
