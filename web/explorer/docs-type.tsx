/** One type of the schema: what it is, its fields with their arguments, its values, and where it is used. */
import { useEffect, useRef } from 'react'
import { getNamedType, isAbstractType, isEnumType, isInterfaceType, isObjectType, isScalarType, type GraphQLNamedType, type GraphQLSchema } from 'graphql'
import { fieldsOf, TypeLink, type AnyField, type Open } from './docs.tsx'

/** Returns the page; `field` is scrolled to. */
export function TypePage({ schema, type, field, open }: { schema: GraphQLSchema; type: GraphQLNamedType; field?: string; open: Open }) {
  const implemented = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : []
  const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : []
  const used = Object.values(schema.getTypeMap()).flatMap(other => fieldsOf(other)
    .filter(({ args = [], type: result }) => !other.name.startsWith('__') && [result, ...args.map(arg => arg.type)].some(one => getNamedType(one) === type)).map(({ name }) => ({ type: other.name, field: name })))
  return (
    <>
      {type.description && <p className="about">{type.description}</p>}
      {isScalarType(type) && type.specifiedByURL && <p className="about">Specified by {type.specifiedByURL}</p>}
      {implemented.length > 0 && <p className="about">Implements {implemented.map(one => <TypeLink key={one.name} type={one} open={open} />)}</p>}
      {fieldsOf(type).length > 0 && <><h3>Fields</h3><ul>{fieldsOf(type).map(one => <FieldItem key={one.name} field={one} marked={one.name === field} open={open} />)}</ul></>}
      {isEnumType(type) && <><h3>Values</h3><ul>{type.getValues().map(({ name, description, deprecationReason }) => <li key={name}><code>{name}</code><p>{description}</p><Deprecation reason={deprecationReason} /></li>)}</ul></>}
      {possible.length > 0 && <><h3>One of</h3><ul>{possible.map(one => <li key={one.name}><TypeLink type={one} open={open} /><p>{one.description}</p></li>)}</ul></>}
      {used.length > 0 && <><h3>Used in</h3><ul>{used.slice(0, 40).map(place => <li key={`${place.type}.${place.field}`}><button type="button" className="type" onClick={() => open(place)}>{place.type}.{place.field}</button></li>)}</ul></>}
    </>
  )
}

function FieldItem({ field: { name, args = [], type, description, deprecationReason, defaultValue }, marked, open }: { field: AnyField; marked: boolean; open: Open }) {
  const place = useRef<HTMLLIElement>(null)
  useEffect(() => { if (marked) place.current?.scrollIntoView({ block: 'center' }) }, [marked])
  return (
    <li ref={place} className={marked ? 'marked' : ''}>
      <code><b>{name}</b>{args.length > 0 && <>({args.map((arg, i) => <span key={arg.name}>{i > 0 && ', '}{arg.name}: <TypeLink type={arg.type} open={open} />{given(arg.defaultValue)}</span>)})</>}: <TypeLink type={type} open={open} />{given(defaultValue)}</code>
      {description && <p>{description}</p>}
      {args.some(arg => arg.description) && <dl>{args.map(arg => arg.description && <div key={arg.name}><dt>{arg.name}</dt><dd>{arg.description}</dd></div>)}</dl>}
      <Deprecation reason={deprecationReason} />
    </li>
  )
}

const given = (value: unknown) => (value === undefined ? '' : ` = ${JSON.stringify(value)}`)

function Deprecation({ reason }: { reason?: string | null }) {
  return reason ? <p className="deprecated">Deprecated: {reason}</p> : null
}
