/** The wall's few buttons: seen while the pointer moves or one of them has the focus. */
import { useEffect } from 'react'
import { Icon } from '../kit/marks.tsx'
import { ThemeToggle } from '../kit/theme.tsx'

interface ToolsProps {
  asTable: boolean
  setAsTable: (asTable: boolean) => void
  held: boolean
  setHeld: ((held: boolean) => void) | null
}

/** Returns the buttons; without pages to turn there is nothing to hold. */
export function Tools({ asTable, setAsTable, held, setHeld }: ToolsProps) {
  return (
    <div className="tools" role="toolbar" aria-label="Display">
      <button type="button" className="btn" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
        <Icon name="table" />
        Show as {asTable ? 'board' : 'table'}
      </button>
      {setHeld && !asTable && (
        <button type="button" className="btn" aria-pressed={held} onClick={() => setHeld(!held)}>
          <Icon name={held ? 'play' : 'pause'} />
          {held ? 'Turn pages' : 'Hold page'}
        </button>
      )}
      <ThemeToggle place="wall" className="btn" />
      <FullScreenButton />
    </div>
  )
}

const IDLE_MS = 4_000

/** Marks the page as idle while the pointer rests: then neither the pointer nor the buttons are to be seen. */
export function useIdlePointer(): void {
  useEffect(() => {
    let timer = setTimeout(() => document.body.classList.add('idle'), IDLE_MS)
    const moved = () => {
      document.body.classList.remove('idle')
      clearTimeout(timer)
      timer = setTimeout(() => document.body.classList.add('idle'), IDLE_MS)
    }
    addEventListener('pointermove', moved)
    return () => {
      removeEventListener('pointermove', moved)
      clearTimeout(timer)
      document.body.classList.remove('idle')
    }
  }, [])
}

function FullScreenButton() {
  if (!document.fullscreenEnabled) return null
  const turn = () => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen())
  return (
    <button type="button" className="btn" onClick={turn}>
      <Icon name="screen" />
      Full screen
    </button>
  )
}
