/** What a text asks for: its operations, and the one that is meant. */
import { Kind, parse, print, type OperationDefinitionNode } from 'graphql'

/** Returns the operations of a text, or the reason why it cannot be read. */
export function operationsOf(query: string): { operations: OperationDefinitionNode[]; problem: string | null } {
  try {
    return { operations: parse(query).definitions.filter(node => node.kind === Kind.OPERATION_DEFINITION), problem: null }
  } catch (error) {
    return { operations: [], problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Returns the operation in which the cursor stands, else the first. */
export function operationAt(operations: readonly OperationDefinitionNode[], cursor: number): OperationDefinitionNode | undefined {
  return operations.find(({ loc }) => loc && loc.start <= cursor && cursor <= loc.end) ?? operations[0]
}

/**
 * Returns the text in the standard layout, its leading comment kept; null when it cannot be read or comments inside would
 * be lost.
 */
export function tidied(query: string): string | null {
  const head = /^(?:\s*#[^\n]*\n)*/.exec(query)?.[0] ?? ''
  const rest = query.slice(head.length)
  if (/^[^"\n]*#/m.test(rest)) return null
  try {
    return `${head}${print(parse(rest))}\n`
  } catch {
    // The editor underlines why.
    return null
  }
}

/** Returns the command that asks the same from a shell. */
export function curlFor(query: string, variables: string, authorization: string | null): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  const body = JSON.stringify({ query, ...(variables.trim() ? { variables: JSON.parse(variables) as unknown } : {}) })
  return [
    `curl ${location.origin}/graphql`,
    `-H 'content-type: application/json'`,
    ...(authorization ? [`-H ${quoted(`authorization: ${authorization}`)}`] : []),
    `-d ${quoted(body)}`,
  ].join(' \\\n  ')
}
