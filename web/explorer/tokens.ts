/** Who operations are sent as: a demo person, a saved token, or nobody. The choice and the saved tokens stay in this browser. */
import { useCallback, useEffect, useState } from 'react'
import { isExpired } from '../kit/access.ts'
import { demoStatus, demoToken, type DemoTenant } from '../kit/demo.ts'

const SAVED = 'laurel.tokens'
const CHOICE = 'laurel.explorer.as'

/** A token somebody pasted, under the name they gave it. */
export interface SavedToken {
  name: string
  token: string
}
/** A person of a demo company. */
export interface DemoPerson {
  tenant: string
  id: string
  name: string
  role: string
}
/** `demo:<tenant>:<user id>`, `saved:<name>` or `none`: the value of the field. */
export type Choice = string

/** Returns the saved tokens, oldest first. */
function savedTokens(): SavedToken[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(SAVED) ?? '[]')
    return Array.isArray(list)
      ? list.filter((one): one is SavedToken => typeof one?.name === 'string' && typeof one?.token === 'string')
      : []
  } catch {
    // Somebody else's text under our key: start anew.
    return []
  }
}

/** The people of each demo company, read with a token of that company. */
async function demoPeople({ slug }: DemoTenant): Promise<DemoPerson[]> {
  const token = (await demoToken({ tenant: slug }))?.token
  if (!token) return []
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ users(first: 100) { nodes { id name role } } }' }),
  })
  const { data } = (await response.json()) as { data?: { users?: { nodes: { id: string; name: string; role: string }[] } } }
  return (data?.users?.nodes ?? []).map(user => ({ ...user, tenant: slug }))
}

/**
 * All that the access bar shows and changes. `authorization` is the header's value, null without a token, undefined until
 * it is known; `who` names the demo person it speaks for.
 */
export interface TokenDesk {
  saved: SavedToken[]
  tenants: DemoTenant[]
  people: DemoPerson[]
  choice: Choice
  authorization: string | null | undefined
  problem: string | null
  who: string | null
  choose(choice: Choice): void
  save(token: SavedToken): void
  remove(name: string): void
}

/** Returns the desk. In the demo the first company's default person is chosen until somebody chooses otherwise. */
export function useTokenDesk(): TokenDesk {
  const [saved, setSaved] = useState(savedTokens)
  const [choice, setChoice] = useState<Choice>(() => localStorage.getItem(CHOICE) ?? '')
  const [demo, setDemo] = useState<{ tenants: DemoTenant[]; people: DemoPerson[] } | null>(null)
  const [access, setAccess] = useState<Standing>({ authorization: undefined, problem: null, who: null })

  useEffect(() => {
    void demoStatus()
      .catch(() => null)
      .then(async status => {
        const tenants = status?.tenants ?? []
        setDemo({ tenants, people: [] })
        const people = await Promise.all(tenants.map(tenant => demoPeople(tenant).catch(() => [])))
        setDemo({ tenants, people: people.flat() })
      })
  }, [])

  useEffect(() => {
    if (!demo) return
    let current = true
    void authorizationFor(choice, demo.tenants, saved).then(next => {
      if (current) setAccess(next)
    })
    return () => {
      current = false
    }
  }, [choice, demo?.tenants, saved])

  const choose = useCallback((next: Choice) => {
    localStorage.setItem(CHOICE, next)
    setChoice(next)
  }, [])
  const keep = (list: SavedToken[]) => {
    localStorage.setItem(SAVED, JSON.stringify(list))
    setSaved(list)
  }
  return {
    saved,
    choice,
    ...access,
    tenants: demo?.tenants ?? [],
    people: demo?.people ?? [],
    choose,
    save: token => {
      keep([...saved.filter(({ name }) => name !== token.name), token])
      choose(`saved:${token.name}`)
    },
    remove: name => {
      keep(saved.filter(one => one.name !== name))
      if (choice === `saved:${name}`) choose('')
    },
  }
}

interface Standing {
  authorization: string | null | undefined
  problem: string | null
  who: string | null
}

async function authorizationFor(choice: Choice, tenants: DemoTenant[], saved: SavedToken[]): Promise<Standing> {
  const nobody = { authorization: null, problem: null, who: null }
  const [kind, first = '', user] = choice.split(':')
  if (kind === 'none') return nobody
  if (kind === 'saved') {
    const token = saved.find(({ name }) => name === choice.slice('saved:'.length))?.token
    if (!token) return { ...nobody, problem: 'That token is no longer saved here.' }
    return {
      ...nobody,
      authorization: `Bearer ${token}`,
      problem: isExpired(token, Date.now()) ? 'This token has run out.' : null,
    }
  }
  const tenant = tenants.find(({ slug }) => slug === first) ?? tenants[0]
  if (!tenant) return nobody
  // A person of an earlier demo is unknown to this one: the company's default person stands in.
  const answer =
    (await demoToken({ tenant: tenant.slug, ...(user ? { user } : {}) })) ?? (await demoToken({ tenant: tenant.slug }))
  return answer
    ? { authorization: `Bearer ${answer.token}`, problem: null, who: `${answer.user.name}, ${answer.role.toLowerCase()}` }
    : { ...nobody, problem: 'The demo gave no token.' }
}
