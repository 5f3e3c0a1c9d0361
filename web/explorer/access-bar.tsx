/** Who operations are sent as: one field for demo people and saved tokens, one dialog for pasting a token. */
import { useRef, type FormEvent } from 'react'
import { Icon } from '../kit/marks.tsx'
import type { TokenDesk } from './tokens.ts'

/** Returns the bar. */
export function AccessBar({ desk }: { desk: TokenDesk }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const { saved, tenants, people, choice, choose, problem, authorization, who } = desk
  const known =
    choice === 'none' ||
    saved.some(({ name }) => choice === `saved:${name}`) ||
    people.some(({ tenant, id }) => choice === `demo:${tenant}:${id}`)
  return (
    <div className="access">
      <label htmlFor="as">Act as</label>
      <select id="as" className="field" value={known ? choice : ''} onChange={event => choose(event.target.value)}>
        {tenants.length > 0 && <option value="">{who && !known ? who : tenants[0]?.name}</option>}
        {tenants.length === 0 && !known && <option value="">Nobody</option>}
        {tenants.map(({ slug, name }) => (
          <optgroup key={slug} label={name}>
            {people
              .filter(({ tenant }) => tenant === slug)
              .map(person => (
                <option key={person.id} value={`demo:${slug}:${person.id}`}>
                  {person.name}, {person.role.toLowerCase()}
                </option>
              ))}
          </optgroup>
        ))}
        {saved.length > 0 && (
          <optgroup label="Saved tokens">
            {saved.map(({ name }) => (
              <option key={name} value={`saved:${name}`}>
                {name}
              </option>
            ))}
          </optgroup>
        )}
        <option value="none">Nobody (no token)</option>
      </select>
      <button type="button" className="btn sm" onClick={() => dialog.current?.showModal()}>
        Tokens
      </button>
      {problem && (
        <span className="chip warn" role="status">
          {problem}
        </span>
      )}
      {authorization === null && !problem && <span className="chip">no token</span>}
      <dialog ref={dialog} className="panel" aria-labelledby="tokens-title">
        <TokenDialog desk={desk} close={() => dialog.current?.close()} />
      </dialog>
    </div>
  )
}

function TokenDialog({ desk: { saved, save, remove, authorization }, close }: { desk: TokenDesk; close: () => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    save({
      name: String(fields.get('name')).trim(),
      token: String(fields.get('token'))
        .trim()
        .replace(/^Bearer\s+/i, ''),
    })
    event.currentTarget.reset()
    close()
  }
  return (
    <>
      <div className="head">
        <h2 id="tokens-title">Tokens</h2>
        <button type="button" className="btn sm bare" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <p className="note">Kept in this browser; sent to this server only, as the authorization header and in connection_init.</p>
      {saved.length > 0 && (
        <ul className="saved">
          {saved.map(({ name }) => (
            <li key={name}>
              <span>{name}</span>
              <button type="button" className="btn sm" aria-label={`Forget ${name}`} onClick={() => remove(name)}>
                Forget
              </button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={submit}>
        <label htmlFor="token-name">Name</label>
        <input id="token-name" name="name" className="field" required maxLength={40} autoComplete="off" />
        <label htmlFor="token-text">Token</label>
        <textarea id="token-text" name="token" className="field" required rows={4} spellCheck={false} autoComplete="off" />
        <button type="submit" className="btn pri">
          Save and use
        </button>
      </form>
      {authorization && (
        <details>
          <summary>The token in use</summary>
          <pre className="token" tabIndex={0}>
            {authorization.replace(/^Bearer /, '')}
          </pre>
        </details>
      )}
    </>
  )
}
