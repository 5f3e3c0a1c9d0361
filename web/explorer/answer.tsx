/** The answer's side: one result, or the messages of a subscription, newest first. */
import { Editor } from './editor.tsx'
import type { Received, Run } from './run.ts'

/** Returns the pane; empty it says what to do. */
export function Answer({ run }: { run: Run }) {
  const { phase, tookMs, bytes, status, received, text } = run
  const live = phase === 'live' || (phase === 'ended' && received.length > 0)
  return (
    <section className="pane answer" aria-label="Answer">
      <div className="bar">
        <h2>Answer</h2>
        <p className="note" role="status">
          {words(phase, status)}
          {tookMs !== null && ` · ${Math.max(1, Math.round(tookMs))} ms`}
          {bytes > 0 && ` · ${bytesWords(bytes)}`}
        </p>
        {phase === 'live' && (
          <span className="chip ok">
            <i className="dot" />
            Live
          </span>
        )}
      </div>
      {phase === 'idle' ? (
        <p className="blank">Run an operation with Ctrl+Enter. A subscription stays open and shows each message as it comes.</p>
      ) : live ? (
        <Messages received={received} />
      ) : (
        <Editor label="Answer" language="json" readOnly value={text} />
      )}
    </section>
  )
}

function words(phase: Run['phase'], status: string | null): string {
  return phase === 'idle' ? '' : phase === 'running' ? 'Running' : (status ?? '')
}

const bytesWords = (bytes: number) => (bytes < 1_024 ? `${bytes} B` : `${(bytes / 1_024).toFixed(1)} KB`)

function Messages({ received }: { received: Received[] }) {
  if (!received.length) return <p className="blank">Subscribed. The first message appears here.</p>
  return (
    <ol className="messages" reversed tabIndex={0} aria-label="Messages, newest first">
      {received.map((message, i) => (
        <li key={message.number}>
          <details open={i < 3}>
            <summary>
              <b>{message.number}</b> {message.kind}
              <time>{new Date(message.atMs).toLocaleTimeString()}</time>
            </summary>
            <pre>{message.text}</pre>
          </details>
        </li>
      ))}
    </ol>
  )
}
