/** The explorer's tabs: four examples with real ids, and whatever the reader writes; kept in this browser. */
import { useCallback, useEffect, useState } from 'react'

/** `example` names an example nobody has edited: it is filled with the current ids each time the page opens. */
export interface Tab {
  id: string
  query: string
  variables: string
  example?: string
}

const SAVED = 'laurel.explorer.tabs'
const TABS_MAX = 20

/** One key as long as the page is open, so that running the example twice shows what a repeated key does. */
const ATTEMPT = `try-${Date.now().toString(36)}`
const MODIFIER = /Mac|iP/.test(navigator.platform) ? 'Cmd' : 'Ctrl'

const EXAMPLES: Record<string, (board: string, type: string) => string> = {
  query: board => `# ${MODIFIER}+Enter runs. Ctrl+Space completes. ${MODIFIER}+click opens the documentation.
query FirstLook {
  viewer {
    role
    tenant { name timeZone }
    user { name points level { number title } team { name } }
  }
  leaderboard(id: "${board}") {
    name
    period
    periodEnd
    size
    standings(first: 10) {
      nodes { rank closeRank points user { name } team { name } }
    }
  }
}
`,
  board: board => `# A snapshot replaces; a delta applies if its after is your cursor; otherwise subscribe again from your cursor.
subscription Board {
  leaderboard(id: "${board}", top: 10) {
    __typename
    ... on LeaderboardSnapshot {
      cursor
      reason
      standings { rank points user { name } }
    }
    ... on LeaderboardDelta {
      after
      cursor
      left
      changes { from to points user { name } }
    }
  }
}
`,
  feed: () => `# The newest 50 items, then every item once.
subscription Feed {
  feed(scope: TENANT) {
    __typename
    ... on FeedSnapshot {
      cursor
      items { at kind text }
    }
    ... on FeedDelta {
      after
      cursor
      items { at kind text points level { number title } }
    }
  }
}
`,
  record: (
    _board,
    type,
  ) => `# The same key again answers with the first activity and idempotencyHit: true. Change the key to record another.
mutation FirstActivity {
  activityRecord(input: {
    activityType: "${type}"
    idempotencyKey: "${ATTEMPT}"
  }) {
    activity { id occurredAt pointEntries { points reason } }
    duplicate
    idempotencyHit
    userErrors { code message field }
    mark
  }
}
`,
}

/** Returns the text of an example. */
function exampleText(example: string, board: string, type: string): string {
  return EXAMPLES[example]?.(board, type) ?? ''
}

function savedTabs(): Tab[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(SAVED) ?? 'null')
    if (Array.isArray(list) && list.length)
      return list.filter((tab): tab is Tab => typeof tab?.id === 'string' && typeof tab?.query === 'string').slice(0, TABS_MAX)
  } catch {
    /* Not ours to read: the examples come back. */
  }
  return Object.keys(EXAMPLES).map(example => ({ id: example, query: '', variables: '', example }))
}

/** The tabs, the one on show, and what can be done with them. */
export interface TabDesk {
  tabs: Tab[]
  current: Tab
  show(id: string): void
  edit(change: Partial<Tab>): void
  add(): void
  close(id: string): void
  reset(): void
}

/** Returns the tabs; untouched examples carry `board` and `type`. The address's fragment names the tab to begin with. */
export function useTabs(board: string, type: string): TabDesk {
  const [tabs, setTabs] = useState(savedTabs)
  const [currentId, setCurrentId] = useState(() => location.hash.slice(1))
  useEffect(
    () => localStorage.setItem(SAVED, JSON.stringify(tabs.map(tab => (tab.example ? { ...tab, query: '' } : tab)))),
    [tabs],
  )
  useEffect(() => {
    const changed = () => setCurrentId(location.hash.slice(1))
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  const show = useCallback((id: string) => {
    history.replaceState(null, '', `#${id}`)
    setCurrentId(id)
  }, [])
  const filled = tabs.map(tab => (tab.example ? { ...tab, query: exampleText(tab.example, board, type) } : tab))
  const current = filled.find(tab => tab.id === currentId) ?? filled[0] ?? { id: 'query', query: '', variables: '' }
  return {
    tabs: filled,
    current,
    show,
    // An edit makes the example the reader's own text.
    edit: change =>
      setTabs(now =>
        now.map(tab => (tab.id === current.id ? { id: tab.id, variables: tab.variables, query: current.query, ...change } : tab)),
      ),
    add: () => {
      const id = `t${Date.now().toString(36)}`
      setTabs(now => [...now, { id, query: '', variables: '' }].slice(-TABS_MAX))
      show(id)
    },
    close: id => {
      setTabs(now => now.filter(tab => tab.id !== id))
      if (id === current.id) show(filled.find(tab => tab.id !== id)?.id ?? 'query')
    },
    reset: () => {
      localStorage.removeItem(SAVED)
      setTabs(Object.keys(EXAMPLES).map(example => ({ id: example, query: '', variables: '', example })))
      show('query')
    },
  }
}

/** Returns what a tab is called: the name of its first operation, or its first field. */
export function tabTitle({ query }: Tab): string {
  const text = query.replace(/#.*/g, '')
  return /\b(?:query|mutation|subscription)\s+(\w+)/.exec(text)?.[1] ?? /\{\s*(\w+)/.exec(text)?.[1] ?? 'Untitled'
}
