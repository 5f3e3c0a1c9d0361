/** The theme: the system's unless the address (`?theme=light`) or the toggle says otherwise; the toggle is remembered. */
import { useState } from 'react'
import { Icon } from './marks.tsx'

export type Theme = 'light' | 'dark'
const SAVED = 'laurel.theme'
const isTheme = (value: string | null): value is Theme => value === 'light' || value === 'dark'

/** Sets the page's theme from the address or from the last choice made under `place`; without either the style sheet decides. */
export function startTheme(place: string): void {
  const asked = new URLSearchParams(location.search).get('theme')
  const theme = isTheme(asked) ? asked : localStorage.getItem(`${SAVED}.${place}`)
  if (isTheme(theme)) document.documentElement.dataset.theme = theme
}

/** Returns a button that turns light to dark and back. */
export function ThemeToggle({ place, className = 'btn sm bare' }: { place: string; className?: string }) {
  const [theme, setTheme] = useState<Theme>(() => currentTheme())
  const other = theme === 'dark' ? 'light' : 'dark'
  const turn = () => {
    document.documentElement.dataset.theme = other
    localStorage.setItem(`${SAVED}.${place}`, other)
    setTheme(other)
  }
  return (
    <button type="button" className={className} onClick={turn}>
      <Icon name={other === 'dark' ? 'moon' : 'sun'} />
      {other === 'dark' ? 'Dark' : 'Light'}
    </button>
  )
}

/** What is on screen now, read from the style sheet, since a wall is dark without being told. */
function currentTheme(): Theme {
  const scheme = getComputedStyle(document.documentElement).colorScheme
  if (isTheme(scheme)) return scheme
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}
