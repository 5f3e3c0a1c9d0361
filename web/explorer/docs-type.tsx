/** One type of the schema: what it is, its fields with their arguments, its values, and where it is used. */
import { useEffect, useRef, type ReactNode } from 'react'
import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql'
import { fieldsOf, TypeLink, type AnyField, type Open } from './docs.tsx'

interface TypePageProps {
  schema: GraphQLSchema
  type: GraphQLNamedType
  field?: string
  open: Open
}

/** Returns the page; `field` is scrolled to. */
export function TypePage({ schema, type, field, open }: TypePageProps) {
  const implemented = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : []
  const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : []
  const values = isEnumType(type) ? type.getValues() : []
  return (
    <>
      {type.description && <p className="about">{type.description}</p>}
      {isScalarType(type) && type.specifiedByURL && <p className="about">Specified by {type.specifiedByURL}</p>}
      <Part title="Fields">
        {fieldsOf(type).map(one => (
          <FieldItem key={one.name} field={one} marked={one.name === field} open={open} />
        ))}
      </Part>
      <Part title="Values">
        {values.map(({ name, description, deprecationReason }) => (
          <li key={name}>
            <code>{name}</code>
            <p>{description}</p>
            <Deprecation reason={deprecationReason} />
          </li>
        ))}
      </Part>
      <Part title={isAbstractType(type) ? 'One of' : 'Implements'}>
        {[...possible, ...implemented].map(one => (
          <li key={one.name}>
            <TypeLink type={one} open={open} />
            <p>{one.description}</p>
          </li>
        ))}
      </Part>
      <Part title="Used in">
        {usesOf(schema, type).map(use => (
          <li key={`${use.type}.${use.field}`}>
            <button type="button" className="type" onClick={() => open(use)}>
              {use.type}.{use.field}
            </button>
          </li>
        ))}
      </Part>
    </>
  )
}

const USES_MAX = 40

/** The fields that answer with a type or take it as an argument, the first forty. */
function usesOf(schema: GraphQLSchema, type: GraphQLNamedType): { type: string; field: string }[] {
  const uses = ({ args = [], type: result }: AnyField) =>
    [result, ...args.map(arg => arg.type)].some(one => getNamedType(one) === type)
  return Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap(other =>
      fieldsOf(other)
        .filter(uses)
        .map(({ name }) => ({ type: other.name, field: name })),
    )
    .slice(0, USES_MAX)
}

/** A list with its title; nothing when the list is empty. */
function Part({ title, children }: { title: string; children: ReactNode[] }) {
  if (!children.length) return null
  return (
    <>
      <h3>{title}</h3>
      <ul>{children}</ul>
    </>
  )
}

interface FieldItemProps {
  field: AnyField
  marked: boolean
  open: Open
}

function FieldItem({ field, marked, open }: FieldItemProps) {
  const { name, args = [], type, description, deprecationReason, defaultValue } = field
  const place = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (marked) place.current?.scrollIntoView({ block: 'center' })
  }, [marked])
  return (
    <li ref={place} className={marked ? 'marked' : ''}>
      <code>
        <b>{name}</b>
        {args.length > 0 && (
          <>
            (
            {args.map((arg, i) => (
              <span key={arg.name}>
                {i > 0 && ', '}
                {arg.name}: <TypeLink type={arg.type} open={open} />
                {given(arg.defaultValue)}
              </span>
            ))}
            )
          </>
        )}
        : <TypeLink type={type} open={open} />
        {given(defaultValue)}
      </code>
      {description && <p>{description}</p>}
      {args.some(arg => arg.description) && (
        <dl>
          {args.map(
            arg =>
              arg.description && (
                <div key={arg.name}>
                  <dt>{arg.name}</dt>
                  <dd>{arg.description}</dd>
                </div>
              ),
          )}
        </dl>
      )}
      <Deprecation reason={deprecationReason} />
    </li>
  )
}

const given = (value: unknown) => (value === undefined ? '' : ` = ${JSON.stringify(value)}`)

function Deprecation({ reason }: { reason?: string | null }) {
  return reason ? <p className="deprecated">Deprecated: {reason}</p> : null
}
