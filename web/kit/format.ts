/** Figures, times and names as people read them: in the reader's locale, with the board's time zone where something closes. */

export type Period = 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'ALL_TIME'

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Returns a whole number with separators and a true minus sign. */
export function figure(n: number): string {
  return whole.format(n).replace('-', '\u2212')
}

/** Returns a change in points with its sign. */
export function signed(n: number): string {
  return n > 0 ? `+${figure(n)}` : figure(n)
}

/**
 * Returns an amount with all decimals of its currency, as statements show it. It is formatted from its decimal text, so
 * nothing is lost on the way; a currency that this browser does not know stands behind the figure.
 */
export function money(amount: string, currency: string): string {
  const exact = amount as Intl.StringNumericLiteral
  try {
    return new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(exact).replace('-', '\u2212')
  } catch {
    return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 20 }).format(exact)} ${currency}`
  }
}

/** Returns the English ordinal ending of a rank: st, nd, rd or th. */
export function ordinalEnding(rank: number): string {
  const tens = rank % 100
  return tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][rank % 10] ?? 'th')
}

const two = (n: number) => String(Math.floor(n)).padStart(2, '0')

/**
 * Returns the time left: "3 d 04 h" above a day, "03:28" (hours, minutes) below one, "28:05" (minutes, seconds) in the
 * last hour.
 */
export function timeLeft(ms: number): string {
  const left = Math.max(0, ms)
  if (left >= DAY_MS) return `${Math.floor(left / DAY_MS)} d ${two((left % DAY_MS) / HOUR_MS)} h`
  if (left >= HOUR_MS) return `${two(left / HOUR_MS)}:${two((left % HOUR_MS) / 60_000)}`
  return `${two(left / 60_000)}:${two((left % 60_000) / 1_000)}`
}

/** Returns the time of day of `ms` (epoch) in a time zone, the browser's when none is given. */
export function clock(ms: number, timeZone?: string): string {
  return new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', timeZone }).format(ms)
}

const PERIODS: Record<Period, { name: string; now: string; closes: string | null }> = {
  DAILY: { name: 'Today', now: 'points today', closes: 'until the day closes' },
  WEEKLY: { name: 'This week', now: 'points this week', closes: 'until the week closes' },
  MONTHLY: { name: 'This month', now: 'points this month', closes: 'until the month closes' },
  ALL_TIME: { name: 'All time', now: 'points of all time', closes: null },
}

/** Returns the words for a period: its name, what the points count, and what the countdown runs to (null when nothing closes). */
export function periodWords(period: Period) {
  return PERIODS[period]
}

/**
 * Returns short names for a tenant's boards: people's by period, others by subject; the board's own name where two would
 * be alike.
 */
export function boardLabels<B extends { name: string; subject: string; period: Period }>(
  boards: readonly B[],
): (B & { label: string })[] {
  const subjects: Record<string, string> = { TEAM: 'Teams', DEPARTMENT: 'Departments' }
  const labels = boards.map(board => subjects[board.subject] ?? PERIODS[board.period].name)
  return boards.map((board, i) => ({
    ...board,
    label: labels.filter(label => label === labels[i]).length > 1 ? board.name : (labels[i] ?? board.name),
  }))
}

/** Returns since when places are compared, e.g. "1 November" or "Monday", in the board's time zone; null without a start. */
export function periodStartWords(period: Period, start: string | null, timeZone: string): string | null {
  if (!start) return null
  if (period === 'DAILY') return 'midnight'
  const format: Intl.DateTimeFormatOptions = period === 'WEEKLY' ? { weekday: 'long' } : { day: 'numeric', month: 'long' }
  return new Intl.DateTimeFormat(undefined, { ...format, timeZone }).format(Date.parse(start))
}

/** Returns the city of a time zone's name: "Europe/Berlin" reads "Berlin time". */
export function zoneWords(timeZone: string): string {
  return timeZone === 'UTC' ? 'UTC' : `${(timeZone.split('/').at(-1) ?? timeZone).replaceAll('_', ' ')} time`
}

/**
 * Returns a name in at most `lengthMax` characters where that can be had by shortening the given names; the family name
 * stays whole.
 */
export function shortName(name: string, lengthMax: number): string {
  const words = name.split(' ')
  for (let i = 0; i < words.length - 1 && words.join(' ').length > lengthMax; i++) {
    const word = words[i] ?? ''
    if (word.length > 2) words[i] = `${[...word][0] ?? ''}.`
  }
  return words.join(' ')
}
