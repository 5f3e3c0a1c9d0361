/** The explorer: write an operation, run it as somebody, read the answer and the schema. Everything comes from this server. */
import { useEffect, useRef, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { StartPageDocument } from '../generated.ts'
import { ask } from '../kit/ask.ts'
import { CopyButton } from '../kit/copy.tsx'
import { Icon, Mark } from '../kit/marks.tsx'
import { startTheme, ThemeToggle } from '../kit/theme.tsx'
import { AccessBar } from './access-bar.tsx'
import { Answer } from './answer.tsx'
import { Docs, type DocsPage } from './docs.tsx'
import { Editor } from './editor.tsx'
import { curlFor, operationAt, operationsOf, tidied } from './operations.ts'
import { useRun } from './run.ts'
import { useSchema } from './schema.ts'
import { TabStrip } from './tab-strip.tsx'
import { useTabs } from './tabs.ts'
import { useTokenDesk } from './tokens.ts'
import '../styles/base.css'
import './explorer.css'

function Explorer() {
  const desk = useTokenDesk()
  const authorization = desk.authorization ?? null
  const ids = useIds(desk.authorization)
  const tabs = useTabs(ids.board, ids.type)
  const { schema, problem, reload } = useSchema(authorization)
  const { run, start, stop } = useRun()
  const [pages, setPages] = useState<DocsPage[]>([])
  const [docs, setDocs] = useState(() => matchMedia('(min-width: 1100px)').matches)
  const cursor = useRef(0)
  const { query, variables } = tabs.current
  useEffect(stop, [tabs.current.id, authorization, stop])
  const go = () => {
    if (!ids.known) return
    const { operations } = operationsOf(query)
    const operation = operationAt(operations, cursor.current)
    start({ query, variables, authorization, operationName: operations.length > 1 ? (operation?.name?.value ?? null) : null, isSubscription: operation?.operation === 'subscription' })
  }
  const busy = run.phase === 'running' || run.phase === 'live'
  const tidy = () => { const text = tidied(query); if (text) tabs.edit({ query: text }) }
  return (
    <div className={`explorer ${docs ? 'with-docs' : ''}`}>
      <header><a className="brand" href="/"><Mark />Laurel</a><h1>Explorer</h1><AccessBar desk={desk} />
        <span className="end"><button type="button" className="btn sm bare" aria-pressed={docs} onClick={() => setDocs(!docs)}><Icon name="book" />Docs</button><ThemeToggle place="pages" /></span></header>
      <TabStrip desk={tabs} />
      <main>
        <section className="pane ask" aria-label="Operation">
          <div className="bar">
            {busy ? <button type="button" className="btn sm" onClick={stop}><Icon name="stop" />Stop</button>
              : <button type="button" className="btn sm pri" onClick={go} disabled={!ids.known}><Icon name="play" />Run</button>}
            <button type="button" className="btn sm bare" onClick={tidy}><Icon name="tidy" />Tidy</button>
            <CopyButton text={curlText(query, variables, authorization)} name="the curl command" />
          </div>
          <Editor key={tabs.current.id} label="Operation" language="graphql" value={query} schema={schema} hint="Write a query, a mutation or a subscription."
            onChange={(text, at) => { cursor.current = at; if (text !== query) tabs.edit({ query: text }) }} onRun={go}
            onDocs={(field, type, parent) => { const name = parent ?? type; if (name) { setPages([...pages, { type: name.replace(/[[\]!]/g, ''), field }]); setDocs(true) } }} />
          <h2 className="sub">Variables</h2>
          <Editor key={`${tabs.current.id} variables`} label="Variables, as JSON" language="json" value={variables} hint='{ "id": "…" }' onChange={text => { if (text !== variables) tabs.edit({ variables: text }) }} onRun={go} />
        </section>
        <Answer run={run} />
        {docs && <Docs schema={schema} problem={problem} pages={pages} setPages={setPages} reload={reload} />}
      </main>
    </div>
  )
}

/** The ids the examples are filled with: the first board and a type that pays, as this token sees them; `known` once that was asked. */
function useIds(authorization: string | null | undefined): { board: string; type: string; known: boolean } {
  const [ids, setIds] = useState({ board: 'ldb_…', type: 'meeting_scheduled', known: false })
  useEffect(() => {
    if (authorization === undefined) return
    const known = () => setIds(now => ({ ...now, known: true }))
    if (authorization === null) return known()
    ask(StartPageDocument, {}, authorization.replace(/^Bearer /, '')).then(({ leaderboards, activityTypes }) => {
      const types = activityTypes.nodes.filter(({ active, perUnit }) => active && !perUnit)
      const type = types.find(({ points }) => points >= 100) ?? types[0]
      setIds(now => ({ board: leaderboards.nodes[0]?.id ?? now.board, type: type?.key ?? now.type, known: true }))
    }).catch(known) // The examples keep their placeholders; running one says what is wrong.
  }, [authorization])
  return ids
}

function curlText(query: string, variables: string, authorization: string | null): string {
  try {
    return curlFor(query, variables, authorization)
  } catch { // The variables are not JSON yet.
    return curlFor(query, '', authorization)
  }
}

startTheme('pages')
const root = document.getElementById('root')
if (root) createRoot(root).render(<Explorer />)
