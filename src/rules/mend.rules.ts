/** Turns what a shape found wrong into the place and what to write instead. Pure. */

/** One thing to mend: `path` as in when.of[1].fact, '' for the whole; `message` says what to write instead. */
export interface Mend { path: string; message: string }

/** What a shape found wrong, as zod tells it. */
export interface Issue { code?: string; path: readonly PropertyKey[]; message: string }

const EXPECTED: Record<string, string> = {
  string: 'a text in quotes', number: 'a finite number', int: 'a whole number', boolean: 'true or false', array: 'a list [ … ]',
  object: 'an object { … }', record: 'an object { … }',
}

/** Returns the place as when.of[1].fact. */
export function pathOf(path: readonly PropertyKey[]): string {
  return path.map((part, at) => typeof part === 'number' ? `[${part}]` : `${at ? '.' : ''}${String(part)}`).join('')
}

/** Returns the issue as the place and what to write instead; `input` is what was read. */
export function mendOf(found: Issue, input: unknown): Mend {
  const issue = found as Issue & Record<string, unknown>
  const value = issue.path.reduce<unknown>((whole, part) => (whole as Record<PropertyKey, unknown> | undefined)?.[part], input)
  const path = pathOf(issue.path)
  const write = (what: string): Mend =>
    ({ path, message: `${value === undefined ? 'This is missing' : `${shown(value)} cannot stand here`}: write ${what}.` })
  switch (issue.code) {
    case 'unrecognized_keys': {
      const keys = (issue.keys as string[]).map(key => `"${key}"`).join(' and ')
      return { path, message: `${keys} is not part of the language: take it out.` }
    }
    case 'invalid_type': return write(EXPECTED[issue.expected as string] ?? String(issue.expected))
    case 'invalid_value': return write(choices(issue.values as unknown[]))
    case 'invalid_union':
      return write(issue.options
        ? choices(issue.options as unknown[]) : 'a number, a text, true or false, or a list of numbers or texts')
    case 'too_small':
      return write(`${atLeast(issue.origin)} ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum as number}`)
    case 'too_big': return write(`${atLeast(issue.origin)} at most ${issue.maximum as number}`)
    case 'invalid_format': return write(issue.format === 'datetime'
      ? 'a time such as 2026-03-01T00:00:00Z' : 'a name of letters, digits, "_", ".", ":" and "-" that begins with a letter')
    default: return { path, message: issue.message }
  }
}

const atLeast = (origin: unknown): string =>
  origin === 'array' ? 'a list whose length is' : origin === 'string' ? 'a text whose length is' : 'a number of'

function choices(values: readonly unknown[]): string {
  const named = values.map(value => JSON.stringify(value))
  return named.length < 2 ? named.join() : `${named.slice(0, -1).join(', ')} or ${named.at(-1)}`
}

function shown(found: unknown): string {
  if (typeof found === 'number') return String(found)
  const text = JSON.stringify(found) ?? typeof found
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}
