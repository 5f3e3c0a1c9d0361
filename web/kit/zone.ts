/** Days and instants in a tenant's time zone, which need not be the reader's. */

const DAY_MS = 86_400_000

/** Returns the local day of an instant as "YYYY-MM-DD". */
export function dayIn(timeZone: string, ms: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms)
}

/** Returns how far local time is ahead of UTC at an instant, in ms. */
function aheadMs(timeZone: string, ms: number): number {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-US', {
      timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
      second: 'numeric',
    })
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>
  const { year, month, day, hour, minute, second } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1_000) * 1_000
}

/** Returns the first instant (epoch ms) of a local day "YYYY-MM-DD"; where clocks skip midnight that is the hour after it. */
export function startOfDay(timeZone: string, day: string): number {
  const noted = Date.parse(`${day}T00:00:00Z`)
  // Clocks change at most once within the two days around: the day begins by the time before or by the one after.
  const [first, second] = [noted - DAY_MS, noted + DAY_MS].map(ms => noted - aheadMs(timeZone, ms)).sort((a, b) => a - b) as [
    number, number]
  return dayIn(timeZone, first) === day ? first : second
}

/** Returns the day after a day, as "YYYY-MM-DD". */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10)
}

/** Returns the local day of an instant, short: "Sep 11, 2026" in the reader's language. */
export function dayWords(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat(undefined, { timeZone, day: 'numeric', month: 'short', year: 'numeric' }).format(ms)
}

/** Returns an instant as a date people read, with the time unless it is a local day's first moment. */
export function dateWords(ms: number, timeZone: string): string {
  const isDayStart = startOfDay(timeZone, dayIn(timeZone, ms)) === ms
  return new Intl.DateTimeFormat(undefined, {
    timeZone, day: 'numeric', month: 'long', year: 'numeric', ...(isDayStart ? {} : { hour: '2-digit', minute: '2-digit' }),
  }).format(ms)
}
