/** What benches make of what they measured. */

/** Returns the values below which these shares of all lie. */
export function quantiles(values: readonly number[], shares: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort()
  return shares.map(share => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!)
}

/** Returns the middle one of these values. */
export const median = (values: readonly number[]): number => quantiles(values, [0.5])[0]!

/** Returns the number without its fraction, its thousands parted. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
