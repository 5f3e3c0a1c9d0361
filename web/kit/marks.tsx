/** The mark, the level badges and the arrows, drawn from one sprite that the page loads once. */
import sprite from '../styles/marks.svg?url&no-inline'

/** Returns the laurel; decoration unless a `label` names it. */
export function Mark({ className = '', label }: { className?: string; label?: string }) {
  return (
    <svg className={`mark ${className}`} role={label ? 'img' : undefined} aria-label={label} aria-hidden={!label}>
      <use href={`${sprite}#laurel`} />
    </svg>
  )
}

const LEVELS = 6

/** Returns a level's badge: as many leaf pairs as its number (six at most) and the numeral inside. */
export function LevelBadge({ level, className = '' }: { level: { number: number; title: string }; className?: string }) {
  const leaves = Math.min(Math.max(level.number, 1), LEVELS)
  return (
    <svg
      className={`lvl lv${leaves} ${className}`}
      role="img"
      aria-label={`Level ${level.number}, ${level.title}`}
      viewBox="6 10 88 88"
      fill="currentColor"
    >
      <use href={`${sprite}#lv${leaves}`} width="100" height="100" />
      <text x="50" y="60" aria-hidden="true">
        {level.number}
      </text>
    </svg>
  )
}

const ARROWS = { up: 'M5 1.2 9.4 8.6H.6Z', down: 'M5 8.8.6 1.4h8.8Z', same: 'M1 4.2h8v1.6H1z' }

/** Returns the places a row moved since the period began: a triangle and a number; a fall is gray, nothing is red. */
export function Movement({ rank, closeRank, className = '' }: { rank: number; closeRank: number | null; className?: string }) {
  if (closeRank === null) return <span className={`mv ${className}`}>new</span>
  const places = closeRank - rank
  const direction = places > 0 ? 'up' : places < 0 ? 'down' : 'same'
  return (
    <span className={`mv ${direction} ${className}`}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        <path d={ARROWS[direction]} />
      </svg>
      {places === 0 ? (
        <span className="vh">same place</span>
      ) : (
        <>
          {Math.abs(places)}
          <span className="vh">
            {' '}
            {Math.abs(places) === 1 ? 'place' : 'places'} {direction}
          </span>
        </>
      )}
    </span>
  )
}

const ICONS = {
  explorer: 'm4 5.5 3.5 3.5L4 12.5M9.5 13H14',
  board: 'M3 15V9M9 15V3M15 15v-4',
  person: 'M9 3a3 3 0 1 0 0 6 3 3 0 0 0 0-6M3 15.5c1-3 3.3-4 6-4s5 1 6 4',
  copy: 'M8 6.5h5.5A1.5 1.5 0 0 1 15 8v5.5a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 13.5V8A1.5 1.5 0 0 1 8 6.5' +
    'M11.5 6.5V4.3c0-.7-.6-1.3-1.3-1.3H4.3C3.6 3 3 3.6 3 4.3v5.9c0 .7.6 1.3 1.3 1.3h2.2',
  play: 'M6 4.2v9.6l7.6-4.8Z',
  pause: 'M6.5 4v10M11.5 4v10',
  stop: 'M5 5h8v8H5Z',
  sun: 'M9 6a3 3 0 1 0 0 6 3 3 0 0 0 0-6M9 1.8v1.5M9 14.7v1.5M1.8 9h1.5M14.7 9h1.5' +
    'M3.9 3.9 5 5M13 13l1.1 1.1M3.9 14.1 5 13M13 5l1.1-1.1',
  moon: 'M14.8 10.6A6.2 6.2 0 0 1 7.4 3.2a6.2 6.2 0 1 0 7.4 7.4Z',
  table: 'M3 4h12v10H3ZM3 7.5h12M3 11h12M8 7.5V14',
  screen: 'M3 7V3.5h3.5M15 7V3.5h-3.5M3 11v3.5h3.5M15 11v3.5h-3.5',
  close: 'm5 5 8 8M13 5l-8 8',
  plus: 'M9 4v10M4 9h10',
  check: 'm4 9.5 3.3 3.3L14 5.8',
  pulse: 'M2.5 9h3l2-5 3 10 2-5h3',
  search: 'M8 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M11.3 11.3 15 15',
  book: 'M9 4.5C7.5 3.6 5.6 3.3 3 3.5v10.2c2.6-.2 4.5.1 6 1 1.5-.9 3.4-1.2 6-1V3.5c-2.6-.2-4.5.1-6 1ZM9 4.5v10.2',
  back: 'M11 4.5 6.5 9l4.5 4.5',
  tidy: 'M3 4.5h12M3 9h8M3 13.5h5',
  shield: 'M9 2.5 14.5 4.5v4.2c0 3.4-2.3 5.7-5.5 6.8-3.2-1.1-5.5-3.4-5.5-6.8V4.5ZM6.6 8.9l1.7 1.7 3.2-3.4',
  flag: 'M4 16V3M4 3.5h9l-2 3 2 3H4',
  upload: 'M9 12V3.5M5.5 7 9 3.5 12.5 7M3.5 12v2.5h11V12',
  download: 'M9 3.5V12M5.5 8.5 9 12l3.5-3.5M3.5 12v2.5h11V12',
  next: 'm7 4.5 4.5 4.5L7 13.5',
  clock: 'M9 2.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 9 2.7M9 5.5V9l2.4 1.6',
  leave: 'M7 3H3.5v12H7M7.5 9H15M12 6l3 3-3 3',
}

/** Returns one of the line icons, 18 px, in the color of the text; always decoration beside words or an aria-label. */
export function Icon({ name }: { name: keyof typeof ICONS }) {
  return (
    <svg className="ic" viewBox="0 0 18 18" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  )
}
