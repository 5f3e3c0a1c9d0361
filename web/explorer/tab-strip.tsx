/** The row of tabs. */
import { Icon } from '../kit/marks.tsx'
import { tabTitle, type TabDesk } from './tabs.ts'

/** Returns the strip: one button a tab, and beside each the way to close it. */
export function TabStrip({ desk: { tabs, current, show, add, close, reset } }: { desk: TabDesk }) {
  return (
    <nav className="tabs" aria-label="Operations">
      <ul>
        {tabs.map(tab => (
          <li key={tab.id} className={tab.id === current.id ? 'on' : ''}>
            <button
              type="button"
              className="tab"
              aria-current={tab.id === current.id ? 'page' : undefined}
              onClick={() => show(tab.id)}
            >
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
