/** The explorer: write an operation, run it as somebody, read the answer and the schema. Everything comes from this server. */
import { useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { StartPageDocument } from '../generated.ts'
import { ask } from '../kit/ask.ts'
import { Icon, Mark } from '../kit/marks.tsx'
import { startTheme, ThemeToggle } from '../kit/theme.tsx'
import { AccessBar } from './access-bar.tsx'
import { Answer } from './answer.tsx'
import { AskPane } from './ask-pane.tsx'
import { Docs, type DocsPage } from './docs.tsx'
import { operationAt, operationsOf } from './operations.ts'
import { useRuns } from './run.ts'
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
  const runs = useRuns(
    tabs.tabs.map(({ id }) => id),
    authorization,
  )
  const run = runs.of(tabs.current.id)
  const [pages, setPages] = useState<DocsPage[]>([])
  const [docs, setDocs] = useState(() => matchMedia('(min-width: 1100px)').matches)
  const go = (cursor: number) => {
    if (!ids.known) return
    const { id, query, variables } = tabs.current
    const { operations } = operationsOf(query)
    const operation = operationAt(operations, cursor)
    const operationName = operations.length > 1 ? (operation?.name?.value ?? null) : null
    const isSubscription = operation?.operation === 'subscription'
    runs.start(id, { query, variables, authorization, operationName, isSubscription })
  }
  const openDocs = (page: DocsPage) => {
    setPages([...pages, page])
    setDocs(true)
  }
  return (
    <div className={`explorer ${docs ? 'with-docs' : ''}`}>
      <header>
        <a className="brand" href="/">
          <Mark />
          Laurel
        </a>
        <h1>Explorer</h1>
        <AccessBar desk={desk} />
        <span className="end">
          <button type="button" className="btn sm bare" aria-pressed={docs} onClick={() => setDocs(!docs)}>
            <Icon name="book" />
            Docs
          </button>
          <ThemeToggle place="pages" />
        </span>
      </header>
      <TabStrip desk={tabs} isLive={id => runs.of(id).phase === 'live'} />
      <main>
        <AskPane
          tab={tabs.current}
          edit={tabs.edit}
          schema={schema}
          authorization={authorization}
          busy={run.phase === 'running' || run.phase === 'live'}
          ready={ids.known}
          go={go}
          stop={() => runs.stop(tabs.current.id)}
          openDocs={openDocs}
        />
        <Answer key={tabs.current.id} run={run} />
        {docs && <Docs schema={schema} problem={problem} pages={pages} setPages={setPages} reload={reload} />}
      </main>
    </div>
  )
}

/**
 * The ids the examples are filled with: the first board and a type that pays, as this token sees them; `known` once that
 * was asked.
 */
function useIds(authorization: string | null | undefined): { board: string; type: string; known: boolean } {
  const [ids, setIds] = useState({ board: 'ldb_…', type: 'meeting_scheduled', known: false })
  useEffect(() => {
    if (authorization === undefined) return
    const known = () => setIds(now => ({ ...now, known: true }))
    if (authorization === null) return known()
    ask(StartPageDocument, {}, authorization.replace(/^Bearer /, ''))
      .then(({ leaderboards, activityTypes }) => {
        const types = activityTypes.nodes.filter(({ active, perUnit }) => active && !perUnit)
        const type = types.find(({ points }) => points >= 100) ?? types[0]
        setIds(now => ({ board: leaderboards.nodes[0]?.id ?? now.board, type: type?.key ?? now.type, known: true }))
      })
      .catch(known) // The examples keep their placeholders; running one says what is wrong.
  }, [authorization])
  return ids
}

startTheme('pages')
const root = document.getElementById('root')
if (root) createRoot(root).render(<Explorer />)
