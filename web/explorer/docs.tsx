/** The schema's documentation: search, types and fields, and the way back. */
import { useState } from 'react'
import {
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
} from 'graphql'
import { Icon } from '../kit/marks.tsx'
import { TypePage } from './docs-type.tsx'

/** A page of the documentation: a type, or a type at one of its fields. */
export interface DocsPage {
  type: string
  field?: string
}

interface DocsProps {
  schema: GraphQLSchema | null
  problem: string | null
  pages: DocsPage[]
  setPages: (pages: DocsPage[]) => void
  reload: () => void
}

/** Returns the panel. */
export function Docs({ schema, problem, pages, setPages, reload }: DocsProps) {
  const [search, setSearch] = useState('')
  const page = pages.at(-1)
  const type = page && schema?.getType(page.type)
  const open = (next: DocsPage) => {
    setSearch('')
    setPages([...pages, next])
  }
  return (
    <section className="pane docs" aria-label="Documentation">
      <div className="bar">
        {page && (
          <button type="button" className="btn sm bare" onClick={() => setPages(pages.slice(0, -1))} aria-label="Back">
            <Icon name="back" />
          </button>
        )}
        <h2>{type ? type.name : 'Schema'}</h2>
        <label className="vh" htmlFor="docs-search">
          Search types and fields
        </label>
        <input
          id="docs-search"
          className="field"
          type="search"
          placeholder="Search"
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
      </div>
      <div className="scroll" tabIndex={0} role="region" aria-label="Documentation text">
        {!schema ? (
          <p className="blank">
            {problem ? (
              <>
                The schema could not be read: {problem}{' '}
                <button type="button" className="btn sm" onClick={reload}>
                  Try again
                </button>
              </>
            ) : (
              'Reading the schema.'
            )}
          </p>
        ) : search.trim() ? (
          <Found schema={schema} search={search.trim().toLowerCase()} open={open} />
        ) : type ? (
          <TypePage schema={schema} type={type} field={page?.field} open={open} />
        ) : (
          <Roots schema={schema} open={open} />
        )}
      </div>
    </section>
  )
}

export type Open = (page: DocsPage) => void

function Roots({ schema, open }: { schema: GraphQLSchema; open: Open }) {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    root => root !== undefined && root !== null,
  )
  const others = Object.values(schema.getTypeMap())
    .filter(type => !type.name.startsWith('__') && !roots.some(root => root === type))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return (
    <>
      <h3>Begin here</h3>
      <ul>
        {roots.map(root => (
          <li key={root.name}>
            <button type="button" className="type" onClick={() => open({ type: root.name })}>
              {root.name}
            </button>
            <p>{Object.keys(root.getFields()).join(', ')}</p>
          </li>
        ))}
      </ul>
      <h3>All types</h3>
      <ul>
        {others.map(type => (
          <li key={type.name}>
            <button type="button" className="type" onClick={() => open({ type: type.name })}>
              {type.name}
            </button>
            <p>{type.description}</p>
          </li>
        ))}
      </ul>
    </>
  )
}

const FOUND_MAX = 60

function Found({ schema, search, open }: { schema: GraphQLSchema; search: string; open: Open }) {
  const types = Object.values(schema.getTypeMap()).filter(type => !type.name.startsWith('__'))
  const hits: DocsPage[] = [
    ...types.filter(type => type.name.toLowerCase().includes(search)).map(type => ({ type: type.name })),
    ...types.flatMap(type =>
      fieldsOf(type)
        .filter(field => field.name.toLowerCase().includes(search))
        .map(field => ({ type: type.name, field: field.name })),
    ),
  ]
  if (!hits.length) return <p className="blank">Nothing is called that.</p>
  return (
    <ul>
      {hits.slice(0, FOUND_MAX).map(hit => (
        <li key={`${hit.type}.${hit.field ?? ''}`}>
          <button type="button" className="type" onClick={() => open(hit)}>
            {hit.field ? (
              <>
                {hit.type}.<b>{hit.field}</b>
              </>
            ) : (
              <b>{hit.type}</b>
            )}
          </button>
        </li>
      ))}
      {hits.length > FOUND_MAX && (
        <li>
          <p>{hits.length - FOUND_MAX} more. Type more letters.</p>
        </li>
      )}
    </ul>
  )
}

export type AnyField = Pick<GraphQLField<unknown, unknown>, 'name' | 'description' | 'type' | 'deprecationReason'> & {
  args?: readonly GraphQLArgument[]
  defaultValue?: unknown
}

/** Returns the fields of a type, whichever kind of fields it has. */
export function fieldsOf(type: GraphQLNamedType): AnyField[] {
  return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)
    ? (Object.values(type.getFields()) as AnyField[])
    : []
}

/** Returns a type as written, its name a way to its page. */
export function TypeLink({ type, open }: { type: GraphQLType; open: Open }) {
  const { name } = getNamedType(type)
  const [before, after] = String(type).split(name)
  return (
    <>
      {before}
      <button type="button" className="type" onClick={() => open({ type: name })}>
        {name}
      </button>
      {after}
    </>
  )
}
