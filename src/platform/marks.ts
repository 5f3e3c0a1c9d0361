/** Marks: an opaque name of one commit, the outbox id in base 36 behind a letter. Marks order nothing; only `pos` does. */

/** Returns the wire form of an outbox id. */
export function markOf(outboxId: number): string {
  return `m${Number(outboxId).toString(36)}`
}

/** Returns the outbox id of a mark, or null when the text is no mark. */
export function parseMark(text: string): number | null {
  if (!/^m[0-9a-z]{1,11}$/.test(text)) return null
  const id = Number.parseInt(text.slice(1), 36)
  return Number.isSafeInteger(id) && id > 0 ? id : null
}
