/** The catalog of activities: what may be recorded by category, what each pays now and next; one of them is shown beside it. */
import { useMemo, useState } from 'react'
import { ActivityCatalogDocument, type ActivityCatalogQuery } from '../../generated.ts'
import { dayWords } from '../../kit/zone.ts'
import { useAsked, type AskAs } from '../asking.ts'
import { Blank, PageHead, Shown } from '../parts.tsx'
import { Go, pathOf } from '../place.tsx'
import { useVisit } from '../session.ts'
import { TypePanel } from './type-panel.tsx'
import { categoryWords, payWords } from './words.ts'
import './activities.css'

export type TypeRow = ActivityCatalogQuery['activityTypes']['nodes'][number]

const PAGES_MAX = 10

async function loadCatalog(ask: AskAs): Promise<TypeRow[]> {
  const types: TypeRow[] = []
  let after: string | null = null
  for (let page = 0; page < PAGES_MAX; page++) {
    const { activityTypes }: ActivityCatalogQuery = await ask(ActivityCatalogDocument, { after })
    types.push(...activityTypes.nodes)
    after = activityTypes.pageInfo.endCursor
    if (!activityTypes.pageInfo.hasNextPage) break
  }
  return types
}

/** Returns the page; the first part below it is the key of the type that is open. */
export default function Catalog({ below: [key] }: { below: string[] }) {
  const [asked, again] = useAsked('catalog', loadCatalog)
  const [wish, setWish] = useState({ text: '', category: '' })
  const types = asked.phase === 'there' ? asked.answer : []
  const open = types.find(type => type.key === key)
  return (
    <div className="split" data-open={key !== undefined || undefined}>
      <div className="split-head">
        <PageHead title="Activities" />
        <p className="lead">What may be recorded, and what it pays. A change begins at its date; the past keeps what it paid.</p>
      </div>
      <div className="split-list">
        <Shown asked={asked} what="The activities" again={again} rows={10}>
          {found => (found.length ? <TypeList types={found} open={key} wish={wish} setWish={setWish} /> : <NoTypes />)}
        </Shown>
      </div>
      <aside className="split-side" aria-label="The activity">
        {open ? (
          <TypePanel key={open.id + (open.planned?.id ?? '')} type={open} changed={again} />
        ) : (
          <Unchosen isMissing={key !== undefined && asked.phase === 'there'} />
        )}
      </aside>
    </div>
  )
}

function NoTypes() {
  return (
    <Blank title="No activities yet">
      <p>They come with a template pack, which the operator installs when the company is made: `npm run tenant`.</p>
    </Blank>
  )
}

function Unchosen({ isMissing }: { isMissing: boolean }) {
  return (
    <section className="panel unchosen">
      {isMissing ? (
        <>
          <h2>There is no such activity</h2>
          <p>
            <Go className="link" to={pathOf('activities')}>
              To all activities
            </Go>
          </p>
        </>
      ) : (
        <p className="note">Choose an activity to see its versions and to change what it pays.</p>
      )}
    </section>
  )
}

interface Wish {
  text: string
  category: string
}
interface ListProps {
  types: TypeRow[]
  open: string | undefined
  wish: Wish
  setWish: (wish: Wish) => void
}

function TypeList({ types, open, wish, setWish }: ListProps) {
  const categories = useMemo(() => [...new Set(types.map(({ category }) => category))].sort(), [types])
  const text = wish.text.trim().toLowerCase()
  const found = types.filter(
    ({ name, key, category }) =>
      (!wish.category || category === wish.category) && (!text || `${name} ${key}`.toLowerCase().includes(text)),
  )
  return (
    <>
      <search className="filters">
        <input
          className="field"
          type="search"
          aria-label="Search activities"
          placeholder="Search by name or key"
          value={wish.text}
          onChange={event => setWish({ ...wish, text: event.target.value })}
        />
        <select
          className="field"
          aria-label="Category"
          value={wish.category}
          onChange={event => setWish({ ...wish, category: event.target.value })}
        >
          <option value="">All categories</option>
          {categories.map(category => (
            <option key={category} value={category}>
              {categoryWords(category)}
            </option>
          ))}
        </select>
        <span className="note num" role="status">
          {found.length === types.length ? `${types.length} activities` : `${found.length} of ${types.length} activities`}
        </span>
      </search>
      {found.length === 0 && (
        <Blank title="No activity is called so">
          <button type="button" className="btn" onClick={() => setWish({ text: '', category: '' })}>
            Show all
          </button>
        </Blank>
      )}
      {found.length > 0 && <TypeTable categories={categories} types={found} open={open} />}
    </>
  )
}

function TypeTable({ categories, types, open }: { categories: string[]; types: TypeRow[]; open: string | undefined }) {
  return (
    <section className="panel rows-panel">
      <table className="types">
        <caption className="vh">Activities by category</caption>
        <thead>
          <tr>
            <th scope="col">Activity</th>
            <th scope="col" className="r">
              Pays
            </th>
            <th scope="col" className="wide-only">
              Since
            </th>
            <th scope="col">Planned</th>
          </tr>
        </thead>
        {categories.map(category => {
          const rows = types.filter(type => type.category === category)
          return (
            rows.length > 0 && (
              <tbody key={category}>
                <tr className="group">
                  <th scope="rowgroup" colSpan={3}>
                    {categoryWords(category)}
                  </th>
                  <td className="wide-only" />
                </tr>
                {rows.map(type => (
                  <TypeLine key={type.key} type={type} isOpen={type.key === open} />
                ))}
              </tbody>
            )
          )
        })}
      </table>
    </section>
  )
}

function TypeLine({ type, isOpen }: { type: TypeRow; isOpen: boolean }) {
  const { viewer } = useVisit()
  return (
    <tr className={isOpen ? 'row-link here' : 'row-link'}>
      <td>
        <Go to={pathOf('activities', type.key)} aria-current={isOpen || undefined}>
          {type.name}
        </Go>
        <code>{type.key}</code>
      </td>
      <td className="r num">{type.active ? <b>{payWords(type)}</b> : <span className="chip">off</span>}</td>
      <td className="wide-only num">
        {dayWords(Date.parse(type.effectiveFrom), viewer.tenant.timeZone)}
        {type.version > 1 && <small>version {type.version}</small>}
      </td>
      <td className="num">{type.planned ? <Planned type={type.planned} /> : <span className="vh">nothing planned</span>}</td>
    </tr>
  )
}

function Planned({ type }: { type: NonNullable<TypeRow['planned']> }) {
  const { viewer } = useVisit()
  return (
    <>
      {type.active ? payWords(type) : 'Off'}
      <small>from {dayWords(Date.parse(type.effectiveFrom), viewer.tenant.timeZone)}</small>
    </>
  )
}
