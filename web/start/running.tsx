/** What runs: one line a part, with its address and how it is. */
import type { DemoStatus } from '../kit/demo.ts'
import { liveUrl } from '../kit/ask.ts'
import { figure } from '../kit/format.ts'
import type { Pulse } from './house.ts'

interface Line {
  name: string
  where: string
  chip: string
  tone: 'ok' | 'hon' | 'warn' | ''
}

/** Returns the list of parts: what this page can see for itself, and in the demo what the server says of itself. */
export function Running({ pulse: { answerMs, demo, asked } }: { pulse: Pulse }) {
  const up = answerMs !== null
  const lines: Line[] = [
    {
      name: 'GraphQL',
      where: `${location.origin}/graphql`,
      chip: up ? `answers in ${Math.max(1, Math.round(answerMs))} ms` : asked ? 'no answer' : 'asking',
      tone: up ? 'ok' : asked ? 'warn' : '',
    },
    {
      name: 'Live',
      where: liveUrl(),
      chip: demo ? subscribersWords(demo.subscribers) : 'graphql-transport-ws',
      tone: up ? 'ok' : '',
    },
    ...(demo ? demoLines(demo) : []),
  ]
  return (
    <ul className="run" aria-label="What runs">
      {lines.map(({ name, where, chip, tone }) => (
        <li key={name}>
          <i className={`dot ${tone || 'off'}`} />
          <b>{name}</b>
          <span className="mono">{where}</span>
          <span className={`chip ${tone}`}>{chip}</span>
        </li>
      ))}
    </ul>
  )
}

const subscribersWords = (count: number) => (count === 1 ? '1 subscriber' : `${figure(count)} subscribers`)

function demoLines({ postgres, redis, migrations, tenants, simulator }: DemoStatus): Line[] {
  return [
    {
      name: `PostgreSQL ${postgres.version.split('.')[0]}`,
      where: postgres.kind === 'embedded' ? `embedded, ${postgres.location}` : postgres.location,
      chip: `${migrations} migrations in`,
      tone: 'ok',
    },
    redis === 'on'
      ? { name: 'Redis', where: 'connects the nodes', chip: 'connected', tone: 'ok' }
      : { name: 'Redis', where: 'not set, one node runs without it', chip: 'optional', tone: '' },
    {
      name: 'Demo people',
      where: tenants.map(({ name, users }) => `${name}, ${figure(users)}`).join(' · '),
      chip: simulatorWords(simulator),
      tone: 'hon',
    },
  ]
}

/** Returns how often the simulator records something. */
export function simulatorWords(simulator: DemoStatus['simulator']): string {
  if (!simulator?.running) return 'simulator off'
  return simulator.paused ? 'paused' : `${figure(simulator.ratePerMinute)} entries a minute`
}
