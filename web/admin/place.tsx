/** Where in the admin pages one is: the parts of the address below /admin, changed by links without loading the page anew. */
import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react'

const ROOT = '/admin'
const MOVED = 'laurel:moved'
/** Asked before one leaves; false keeps one where one is. */
const guards = new Set<() => boolean>()
/** Whether one came here by a link of these pages; then the new heading takes the focus, as a loaded page would. */
let hasMoved = false

const listen = (changed: () => void) => {
  const moved = () => {
    hasMoved = true
    changed()
  }
  addEventListener('popstate', moved)
  addEventListener(MOVED, moved)
  return () => {
    removeEventListener('popstate', moved)
    removeEventListener(MOVED, moved)
  }
}

/** Returns the parts of the address below /admin, decoded. */
export function usePlace(): string[] {
  const path = useSyncExternalStore(listen, () => location.pathname)
  return path.slice(ROOT.length).split('/').filter(Boolean).map(decoded)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // Not ours; nothing will be found under it.
  }
}

/** Returns the address of a place, e.g. `pathOf('imports', id)`. */
export function pathOf(...parts: string[]): string {
  return [ROOT, ...parts.map(encodeURIComponent)].join('/')
}

/** Goes to an address of the admin pages, unless a guard holds one back. */
export function go(path: string, { replace = false } = {}): void {
  if (![...guards].every(mayLeave => mayLeave())) return
  history[replace ? 'replaceState' : 'pushState'](null, '', path)
  dispatchEvent(new Event(MOVED))
}

/** Adds a question that is asked before one leaves; returns how to take it away. */
export function guard(mayLeave: () => boolean): () => void {
  const hold = (event: BeforeUnloadEvent) => {
    if (!mayLeave()) event.preventDefault()
  }
  guards.add(mayLeave)
  addEventListener('beforeunload', hold)
  return () => {
    guards.delete(mayLeave)
    removeEventListener('beforeunload', hold)
  }
}

/** Gives a heading the focus when one came by a link, so that the keyboard and a reader begin there. */
export function focusOnArrival(heading: HTMLElement | null): void {
  if (heading && hasMoved) heading.focus()
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string }

/** Returns a link within the admin pages. With a modifier key it opens a tab, as any link. */
export function Go({ to, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(to)
  }
  return <a href={to} onClick={follow} {...rest} />
}
