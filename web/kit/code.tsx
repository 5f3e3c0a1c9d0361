/** GraphQL or shell text with its keywords and strings told apart; a few patterns, not a parser. */
import type { ReactNode } from 'react'

const GRAPHQL = /("(?:[^"\\]|\\.)*")|(\b(?:query|mutation|subscription|fragment|on)\b|\.\.\.)/g
const SHELL = /("(?:[^"\\]|\\.)*"|'[^']*')|(\b(?:curl|export|sed)\b)/g

/** Returns the text with `b` around keywords and `i` around strings. */
export function CodeText({ text, shell = false }: { text: string; shell?: boolean }): ReactNode {
  const parts: ReactNode[] = []
  let at = 0
  for (const match of text.matchAll(shell ? SHELL : GRAPHQL)) {
    parts.push(text.slice(at, match.index), match[1] ? <i key={match.index}>{match[1]}</i> : <b key={match.index}>{match[2]}</b>)
    at = match.index + match[0].length
  }
  return [...parts, text.slice(at)]
}
