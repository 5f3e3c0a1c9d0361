/** Before the shell: signing in by a token, and the words for those who may not open these pages. */
import { useState, type FormEvent, type ReactNode } from 'react'
import { Mark } from '../kit/marks.tsx'
import { Field, useTitle } from './parts.tsx'
import type { Viewer } from './session.ts'

function Gate({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title)
  return (
    <main className="gate">
      <a className="brand" href="/">
        <Mark />
        Laurel
      </a>
      <section className="panel">
        <h1>{title}</h1>
        {children}
      </section>
    </main>
  )
}

/** Returns the form that takes a token; `refused` says that the last one was not taken. */
export function SignIn({ refused, signIn }: { refused: boolean; signIn: (token: string) => void }) {
  return (
    <Gate title="Sign in">
      <p>
        The admin pages act with your own rights. Paste a token of your identity provider, or open a link that ends in #token=….
      </p>
      <TokenForm error={refused ? 'The server refused that token. It may have run out: ask for a new one.' : null} use={signIn} />
    </Gate>
  )
}

function TokenForm({ error, use }: { error: string | null; use: (token: string) => void }) {
  const [token, setToken] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    use(token.trim().replace(/^Bearer\s+/i, ''))
  }
  return (
    <form onSubmit={submit}>
      <Field label="Token" error={error} note="It stays in this browser and is sent to this server only.">
        {wired => (
          <input
            {...wired}
            className="field wide"
            type="password"
            autoComplete="off"
            spellCheck={false}
            required
            value={token}
            onChange={event => setToken(event.target.value)}
          />
        )}
      </Field>
      <button type="submit" className="btn pri">
        Use this token
      </button>
    </form>
  )
}

/** Returns why this person may not open these pages, whom to ask, and the way to use another token. */
export function NotForYou({ viewer, signIn }: { viewer: Viewer; signIn: (token: string) => void }) {
  const who = viewer.user ? viewer.user.name : 'an API key'
  return (
    <Gate title="These pages are for administrators">
      <p>
        You are signed in as {who} with the role {viewer.role.toLowerCase()}. Only an administrator of {viewer.tenant.name} may
        open these pages. Ask one of them to do it for you or to change your role, or use another token.
      </p>
      <TokenForm error={null} use={signIn} />
      <p className="note">
        <a className="link" href="/">
          To the start page
        </a>
      </p>
    </Gate>
  )
}

/** Returns that the server does not answer, and the way to try again. */
export function NoAnswer({ sentence, code, again }: { sentence: string; code: string; again: () => void }) {
  return (
    <Gate title="The pages could not be opened">
      <p role="alert">
        {sentence} Nothing was changed. Try again, or tell support “{code}”.
      </p>
      <button type="button" className="btn pri" onClick={again}>
        Try again
      </button>
    </Gate>
  )
}
