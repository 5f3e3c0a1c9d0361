/** The asking side: the operation, its variables, and what can be done with them. */
import { useRef } from 'react'
import type { GraphQLSchema } from 'graphql'
import { CopyButton } from '../kit/copy.tsx'
import { Icon } from '../kit/marks.tsx'
import type { DocsPage } from './docs.tsx'
import { Editor } from './editor.tsx'
import { curlFor, tidied } from './operations.ts'
import type { Tab } from './tabs.ts'

interface AskPaneProps {
  tab: Tab
  edit: (change: Partial<Tab>) => void
  schema: GraphQLSchema | null
  authorization: string | null
  busy: boolean
  ready: boolean
  go: (cursor: number) => void
  stop: () => void
  openDocs: (page: DocsPage) => void
}

/** Returns the pane; `go` is told where the cursor stands, so that it can choose among several operations. */
export function AskPane({ tab, edit, schema, authorization, busy, ready, go, stop, openDocs }: AskPaneProps) {
  const cursor = useRef(0)
  const { id, query, variables } = tab
  const run = () => go(cursor.current)
  const tidy = () => {
    const text = tidied(query)
    if (text) edit({ query: text })
  }
  const write = (text: string, at: number) => {
    cursor.current = at
    if (text !== query) edit({ query: text })
  }
  const writeVariables = (text: string) => {
    if (text !== variables) edit({ variables: text })
  }
  const show = (field?: string, type?: string, parent?: string) => {
    const name = (parent ?? type)?.replace(/[[\]!]/g, '')
    if (name) openDocs({ type: name, field })
  }
  return (
    <section className="pane ask" aria-label="Operation">
      <div className="bar">
        {busy ? (
          <button type="button" className="btn sm" onClick={stop}>
            <Icon name="stop" />
            Stop
          </button>
        ) : (
          <button type="button" className="btn sm pri" onClick={run} disabled={!ready}>
            <Icon name="play" />
            Run
          </button>
        )}
        <button type="button" className="btn sm bare" onClick={tidy}>
          <Icon name="tidy" />
          Tidy
        </button>
        <CopyButton text={curlText(query, variables, authorization)} name="the curl command" />
      </div>
      <Editor
        key={id}
        label="Operation"
        language="graphql"
        value={query}
        schema={schema}
        hint={HINT}
        onChange={write}
        onRun={run}
        onDocs={show}
      />
      <h2 className="sub">Variables</h2>
      <Editor
        key={`${id} variables`}
        label="Variables, as JSON"
        language="json"
        value={variables}
        hint={'{ "id": "…" }'}
        onChange={writeVariables}
        onRun={run}
      />
    </section>
  )
}

const HINT = 'Write a query, a mutation or a subscription.'

function curlText(query: string, variables: string, authorization: string | null): string {
  try {
    return curlFor(query, variables, authorization)
  } catch {
    // The variables are not JSON yet.
    return curlFor(query, '', authorization)
  }
}
