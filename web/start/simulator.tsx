/** The demo's simulator: pause it, or set how many entries a minute it records. */
import { useState } from 'react'
import { setSimulator, type Simulator } from '../kit/demo.ts'
import { Icon } from '../kit/marks.tsx'

const RATES = [6, 12, 30, 60, 120, 300, 600]

/** Returns the controls; `changed` is called after the server has answered. */
export function SimulatorControl({ simulator, changed }: { simulator: Simulator; changed: () => void }) {
  const [failed, setFailed] = useState(false)
  const change = async (wish: { paused?: boolean; ratePerMinute?: number }) => {
    const answer = await setSimulator(wish).catch(() => null)
    setFailed(!answer)
    changed()
  }
  const rates = RATES.includes(simulator.ratePerMinute) ? RATES : [...RATES, simulator.ratePerMinute].sort((a, b) => a - b)
  return (
    <div className="sim" role="group" aria-label="Simulator">
      <button type="button" className="btn sm" onClick={() => void change({ paused: !simulator.paused })}>
        <Icon name={simulator.paused ? 'play' : 'pause'} />
        {simulator.paused ? 'Resume' : 'Pause'}
      </button>
      <label>
        Entries a minute
        <select
          className="field"
          value={simulator.ratePerMinute}
          onChange={event => void change({ ratePerMinute: Number(event.target.value) })}
        >
          {rates.map(rate => (
            <option key={rate} value={rate}>
              {rate}
            </option>
          ))}
        </select>
      </label>
      {failed && (
        <p className="note" role="alert">
          The simulator did not answer. Nothing was changed.
        </p>
      )}
    </div>
  )
}
