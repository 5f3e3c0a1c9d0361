/**
 * The start page: what runs, a board that moves, where to go, and the first four steps. Outside the demo the same without
 * demo parts.
 */
import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import { takeTokenFromAddress } from '../kit/access.ts'
import { Mark } from '../kit/marks.tsx'
import { startTheme, ThemeToggle } from '../kit/theme.tsx'
import { graphqlExamples, tokenExample } from './examples.ts'
import { usePulse, useVisit } from './house.ts'
import { MiniBoard } from './mini-board.tsx'
import { Places } from './places.tsx'
import { Running } from './running.tsx'
import { SimulatorControl } from './simulator.tsx'
import { Step } from './step.tsx'
import { TokenForm } from './token-form.tsx'
import '../styles/base.css'
import '../styles/rows.css'
import './start.css'

const WHAT = 'Points, ranks and levels over one GraphQL address, live.'
const DEMO = ' This is a demo with invented people; nothing here leaves your machine.'
const DOWN = 'This page asks again every five seconds. If you stopped the server, start it again.'

function Start() {
  const [pulse, look] = usePulse()
  const [attempt, setAttempt] = useState(newAttempt)
  const { demo, answerMs, asked } = pulse
  const down = asked && answerMs === null
  const up = answerMs !== null
  const { visit, tried, refused, again } = useVisit(up) // Anew when the server comes back: it may have other ids.
  const board = visit?.leaderboards.nodes[0]
  const places = demo?.tenants ?? (visit ? [{ name: visit.viewer.tenant.name, boards: visit.leaderboards.nodes }] : [])
  return (
    <div className="wrap">
      <header className="top">
        <a className="brand" href="/">
          <Mark />
          Laurel
        </a>
        <nav aria-label="Main">
          <a href="/explorer">Explorer</a>
          <a href="/admin">Admin</a>
          {board && <a href={`/live/${board.id}`}>Wall</a>}
        </nav>
        {demo && <span className="chip">{demo.version}</span>}
        <ThemeToggle place="pages" />
      </header>
      <main>
        <div className="hero">
          <div>
            <h1>{down ? 'Laurel does not answer' : 'Laurel is running'}</h1>
            <p className="intro" role="status">
              {down ? DOWN : `${WHAT}${demo ? DEMO : ''}`}
            </p>
            <Running pulse={pulse} />
          </div>
          {visit && board ? (
            <MiniBoard token={visit.access.token} board={board} ended={again}>
              {demo?.simulator && <SimulatorControl simulator={demo.simulator} changed={look} />}
            </MiniBoard>
          ) : tried && demo === null ? (
            <TokenForm refused={refused} again={again} empty={visit !== null} />
          ) : (
            <section className="panel mini bones-panel" aria-hidden="true" />
          )}
        </div>
        <Places places={places} />
        <div className="steps">
          <Step example={tokenExample(Boolean(demo), visit?.viewer.tenant.slug)} token={null} />
          {graphqlExamples(visit, attempt).map(example => (
            <Step
              key={example.kind}
              example={example}
              token={visit?.access.token ?? null}
              ran={example.kind === 'mutation' ? () => setAttempt(newAttempt()) : undefined}
            />
          ))}
        </div>
      </main>
      <footer className="note">
        Also here:
        {['/healthz', '/readyz', '/metrics'].map(path => (
          <a className="link" href={path} key={path}>
            {path}
          </a>
        ))}
      </footer>
    </div>
  )
}

/** A key for one attempt; a repeated key would be answered with the first attempt's activity. */
const newAttempt = () => `try-${Date.now().toString(36)}`

startTheme('pages')
takeTokenFromAddress()
const root = document.getElementById('root')
if (root) createRoot(root).render(<Start />)
