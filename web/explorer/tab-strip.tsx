/** The row of tabs. */
import { Icon } from '../kit/marks.tsx'
import { tabTitle, type TabDesk } from './tabs.ts'

interface TabStripProps {
  desk: TabDesk
  /** Whether a subscription of this tab is running. */
  isLive: (tabId: string) => boolean
}

/** Returns the strip: one button a tab, with a dot while its subscription runs, and beside each the way to close it. */
export function TabStrip({ desk: { tabs, current, show, add, close, reset }, isLive }: TabStripProps) {
  return (
    <nav className="tabs" aria-label="Operations">
      <ul>
        {tabs.map(tab => (
          <li key={tab.id} className={tab.id === current.id ? 'on' : ''}>
            <button
              type="button"
              className="tab"
              aria-current={tab.id === current.id ? 'page' : undefined}
              aria-label={isLive(tab.id) ? `${tabTitle(tab)}, live` : undefined}
              onClick={() => show(tab.id)}
            >
              {isLive(tab.id) && <i className="dot" />}
              {tabTitle(tab)}
            </button>
            {tabs.length > 1 && (
              <button type="button" className="shut" aria-label={`Close ${tabTitle(tab)}`} onClick={() => close(tab.id)}>
                <Icon name="close" />
              </button>
            )}
          </li>
        ))}
      </ul>
      <button type="button" className="btn sm bare" aria-label="New tab" onClick={add}>
        <Icon name="plus" />
      </button>
      <button type="button" className="btn sm bare" onClick={reset}>
        Examples
      </button>
    </nav>
  )
}
