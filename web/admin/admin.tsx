/** The admin pages: signed in by a token as the other pages are, one shell around all of them. */
import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { takeTokenFromAddress } from '../kit/access.ts'
import { Icon, Mark } from '../kit/marks.tsx'
import { startTheme, ThemeToggle } from '../kit/theme.tsx'
import { Blank, Bones, PageHead } from './parts.tsx'
import { go, Go, pathOf, usePlace } from './place.tsx'
import { sectionsFor, type Section } from './sections.ts'
import { useSession, VisitContext, type Session, type Viewer } from './session.ts'
import { NoAnswer, NotForYou, SignIn } from './sign-in.tsx'
import '../styles/base.css'
import './admin.css'

const SAID_MS = 8_000

function Admin() {
  const { session, signIn, signOut, reopen } = useSession()
  if (session.phase === 'loading')
    return (
      <p className="vh" role="status">
        Signing in
      </p>
    )
  if (session.phase === 'failed') return <NoAnswer {...session} again={reopen} />
  if (session.phase === 'nobody') return <SignIn refused={session.refused} signIn={signIn} />
  if (!sectionsFor(session.viewer.role).length) return <NotForYou viewer={session.viewer} signIn={signIn} />
  return <Shell session={session} signOut={signOut} reopen={reopen} />
}

interface ShellProps {
  session: Session & { phase: 'open' }
  signOut: () => void
  reopen: () => void
}

function Shell({ session: { access, viewer }, signOut, reopen }: ShellProps) {
  const [said, say] = useSaid()
  const visit = useMemo(() => ({ token: access.token, viewer, say, ended: reopen }), [access.token, viewer, say, reopen])
  const sections = sectionsFor(viewer.role)
  const [first, ...below] = usePlace()
  const section = sections.find(({ path }) => path === first)
  useEffect(() => {
    if (first === undefined) go(pathOf(sections[0]!.path), { replace: true })
  }, [first, sections])
  return (
    <VisitContext value={visit}>
      <a className="skip btn" href="#main">
        To the content
      </a>
      <div className="admin">
        <Rail sections={sections} here={section} viewer={viewer} signOut={access.source === 'demo' ? null : signOut} />
        <main id="main" tabIndex={-1}>
          <Suspense fallback={<Bones />}>
            {section ? <section.Page below={below} /> : first === undefined ? <Bones /> : <Nowhere section={sections[0]!} />}
          </Suspense>
        </main>
      </div>
      <p className="said" role="status" data-shown={said !== '' || undefined}>
        {said}
      </p>
    </VisitContext>
  )
}

/** Returns the sentence of the status line, and how to set it; it is shown for a while. */
function useSaid(): [string, (sentence: string) => void] {
  const [said, setSaid] = useState('')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const say = useCallback((sentence: string) => {
    clearTimeout(timer.current)
    setSaid(sentence)
    timer.current = setTimeout(() => setSaid(''), SAID_MS)
  }, [])
  return [said, say]
}

interface RailProps {
  sections: Section[]
  here: Section | undefined
  viewer: Viewer
  signOut: (() => void) | null
}

function Rail({ sections, here, viewer, signOut }: RailProps) {
  return (
    <header className="rail">
      <a className="brand" href="/">
        <Mark />
        Laurel
      </a>
      <nav aria-label="Admin">
        {sections.map(({ path, name, icon }) => (
          <Go key={path} to={pathOf(path)} aria-current={path === here?.path ? 'page' : undefined}>
            <Icon name={icon} />
            {name}
          </Go>
        ))}
      </nav>
      <div className="rail-end">
        <ThemeToggle place="pages" />
        {signOut && (
          <button type="button" className="btn sm bare" onClick={signOut}>
            <Icon name="leave" />
            Sign out
          </button>
        )}
        <p className="who">
          <b>{viewer.user?.name ?? 'An API key'}</b>
          <span className="note">{viewer.tenant.name}</span>
        </p>
      </div>
    </header>
  )
}

function Nowhere({ section }: { section: Section }) {
  return (
    <>
      <PageHead title="There is no such page" />
      <Blank title="The address may be incomplete, or the page is for another role.">
        <Go className="btn" to={pathOf(section.path)}>
          To {section.name.toLowerCase()}
        </Go>
      </Blank>
    </>
  )
}

startTheme('pages')
takeTokenFromAddress()
const root = document.getElementById('root')
if (root) createRoot(root).render(<Admin />)
