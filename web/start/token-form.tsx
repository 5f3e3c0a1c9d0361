/** Outside the demo: a field for one's own token, kept in this browser. */
import { useState, type FormEvent } from 'react'
import { saveToken } from '../kit/access.ts'

/** Returns the panel; `again` looks for what the token may see. `empty` = the token is good, but its company has no board yet. */
export function TokenForm({ refused, empty, again }: { refused: boolean; empty: boolean; again: () => void }) {
  const [token, setToken] = useState('')
  const use = (event: FormEvent) => {
    event.preventDefault()
    saveToken(token.trim())
    again()
  }
  if (empty)
    return (
      <section className="panel mini">
        <h2>No boards yet</h2>
        <p className="note">Your company has no board. The mutation leaderboardCreate makes the first.</p>
      </section>
    )
  return (
    <section className="panel mini">
      <h2>See your own boards</h2>
      <p className="note">Paste a token of your identity provider. It stays in this browser and is sent to this server only.</p>
      <form className="token-form" onSubmit={use}>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          className="field"
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={token}
          onChange={event => setToken(event.target.value)}
          required
          aria-describedby="token-note"
        />
        <button type="submit" className="btn pri">
          Use this token
        </button>
        <p id="token-note" className="note" role={refused ? 'alert' : undefined}>
          {refused ? 'The server refused that token. It may have run out.' : ''}
        </p>
      </form>
    </section>
  )
}
