/** Where to go from here: the explorer and every board, each only if it exists. */
import { boardLabels, type Period } from '../kit/format.ts'
import { Icon } from '../kit/marks.tsx'

const EXAMPLES = [
  { tab: 'query', label: 'Query' },
  { tab: 'board', label: 'Live board' },
  { tab: 'feed', label: 'Live feed' },
  { tab: 'record', label: 'Record' },
]

/** A company and its boards. */
export interface Place {
  name: string
  boards: { id: string; name: string; subject: string; period: string }[]
}

/** Returns the cards: the explorer, then one for each company with its boards. */
export function Places({ places }: { places: readonly Place[] }) {
  return (
    <nav className="places" aria-label="Where to go">
      <section className="panel go" aria-label="Explorer">
        <Icon name="explorer" />
        <span>
          <a href="/explorer">
            <b>Explorer</b>
          </a>
          <small>The schema, and operations with your token filled in</small>
        </span>
        <ul>
          {EXAMPLES.map(({ tab, label }) => (
            <li key={tab}>
              <a className="link" href={`/explorer#${tab}`}>
                {label}
              </a>
            </li>
          ))}
        </ul>
      </section>
      {places.map(({ name, boards }) => (
        <section className="panel go" key={name} aria-label={`Boards of ${name}`}>
          <Icon name="board" />
          <span>
            <b>{name}</b>
            <small>Live boards for a wall or a phone</small>
          </span>
          <ul>
            {boardLabels(boards.map(board => ({ ...board, period: board.period as Period }))).map(({ id, label, name: full }) => (
              <li key={id}>
                <a className="link" href={`/live/${id}`} title={full}>
                  {label}
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  )
}
