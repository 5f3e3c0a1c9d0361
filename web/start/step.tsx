/** One first step: the text to copy, and the answer when it is run here. */
import { useEffect, useState } from 'react'
import { liveUrl } from '../kit/ask.ts'
import { CodeText } from '../kit/code.tsx'
import { CopyButton } from '../kit/copy.tsx'
import { readableJson } from '../kit/json.ts'
import { Icon } from '../kit/marks.tsx'
import { connect } from '../socket.ts'
import type { Example } from './examples.ts'

const MESSAGES_MAX = 20

/** Returns the step's panel; it can be run once there is a `token`. `ran` is called after each run. */
export function Step({
  example: { title, note, text, kind, tab },
  token,
  ran,
}: {
  example: Example
  token: string | null
  ran?: () => void
}) {
  const [answer, setAnswer] = useState<string | null>(null)
  const [running, setRunning] = useState(false)
  useWatch(running && kind === 'subscription' ? text : null, token, message =>
    setAnswer(before => [message, ...(before ?? '').split('\n\n').filter(Boolean)].slice(0, MESSAGES_MAX).join('\n\n')),
  )
  const run = async () => {
    if (kind === 'subscription') {
      if (!running) setAnswer('')
      return setRunning(!running)
    }
    setRunning(true)
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: text }),
    }).catch(() => null)
    setAnswer(response ? readableJson(await response.json(), 64) : 'The server does not answer. Nothing was changed.')
    setRunning(false)
    ran?.()
  }
  const verb = kind === 'subscription' ? (running ? 'Stop' : 'Watch') : kind === 'mutation' ? 'Record' : 'Run'
  return (
    <section className="panel step">
      <div className="head">
        <h2>{title}</h2>
        <span>
          {tab && (
            <a className="btn sm bare" href={`/explorer#${tab}`} aria-label={`Explore: ${title}`}>
              Explore
            </a>
          )}
          <CopyButton text={text} name={title} />
          {kind !== 'shell' && token && (
            <button type="button" className="btn sm pri" onClick={() => void run()} aria-label={`${verb}: ${title}`}>
              <Icon name={running && kind === 'subscription' ? 'stop' : 'play'} />
              {verb}
            </button>
          )}
        </span>
      </div>
      <p className="note">{note}</p>
      <div className="both">
        <pre tabIndex={0} role="region" aria-label={`Text: ${title}`}>
          <code>
            <CodeText text={text} shell={kind === 'shell'} />
          </code>
        </pre>
        {answer !== null && (
          <pre className="answer" tabIndex={0} role="region" aria-label={`Answer: ${title}`}>
            <code>{answer || 'Waiting for the first message.'}</code>
          </pre>
        )}
      </div>
    </section>
  )
}

/** Subscribes to `query` while it is not null and hands each message on as one line of text. */
function useWatch(query: string | null, token: string | null, hear: (message: string) => void): void {
  useEffect(() => {
    if (!query || !token) return
    const connection = connect({ url: liveUrl(), authorization: () => `Bearer ${token}` })
    connection.subscribe(
      { query },
      {
        next: message => hear(readableJson(message.data ?? message, 64)),
        error: cause => hear(`Ended: ${JSON.stringify(cause)}`),
        complete: () => hear('Ended by the server.'),
      },
    )
    return () => connection.close()
  }, [query, token])
}
