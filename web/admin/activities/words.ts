/** Words for activities and their versions: what they pay, what a change changes. */
import { figure } from '../../kit/format.ts'

/** What of a version people care about. */
export interface Terms {
  name: string
  points: number
  perUnit: boolean
  active: boolean
}

/** Returns a category's key as a heading: "revenue_generation" reads "Revenue generation". */
export function categoryWords(category: string): string {
  const words = category.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Returns what a type pays: "25", or "25 each" where the quantity multiplies it. */
export function payWords({ points, perUnit }: Pick<Terms, 'points' | 'perUnit'>): string {
  return `${figure(points)}${perUnit ? ' each' : ''}`
}

const pointsOf = (points: number) => `${figure(points)} ${Math.abs(points) === 1 ? 'point' : 'points'}`

/** Returns what changes from one version to the next, in order of weight; empty when nothing does. */
export function changesBetween(before: Terms, after: Terms): string[] {
  const changes: string[] = []
  if (after.active !== before.active) changes.push(after.active ? 'may be recorded again' : 'can no longer be recorded')
  if (after.points !== before.points) changes.push(`pays ${pointsOf(after.points)} instead of ${figure(before.points)}`)
  if (after.perUnit !== before.perUnit) {
    changes.push(after.perUnit ? 'is multiplied by the quantity' : 'pays once, whatever the quantity')
  }
  if (after.name !== before.name) changes.push(`is called “${after.name}”`)
  return changes
}

/** Returns phrases as one: "a, b and c". */
export function joined(phrases: readonly string[]): string {
  return phrases.length < 2 ? (phrases[0] ?? '') : `${phrases.slice(0, -1).join(', ')} and ${phrases.at(-1)}`
}
