/** JSON read exactly: a number stays the text it was written as, since a float would lose digits of an amount. Pure. */

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** A value of JSON with its numbers as text. */
export type Exact = string | boolean | null | Exact[] | { [key: string]: Exact }

/** Returns a JSON text as a value whose numbers are text. @throws SyntaxError when it is no JSON */
export function parseExactly(text: string): Exact {
  JSON.parse(text) // What follows holds for JSON only.
  return JSON.parse(text.replaceAll(TOKEN, token => token.startsWith('"') ? token : `"${token}"`)) as Exact
}

/** Returns what a path of keys and places leads to, or undefined. Only a value's own keys count. */
export function valueAt(value: Exact | undefined, path: readonly string[]): Exact | undefined {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    if (Array.isArray(at)) at = /^\d{1,4}$/.test(key) ? at[+key] : undefined
    else at = Object.hasOwn(at, key) ? at[key] : undefined
  }
  return at
}
