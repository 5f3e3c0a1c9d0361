/** Revenue inside events: a compact table, since a batch of 1,000 facts is one event. Amounts travel as text, exactly. Pure. */
import { Interned } from '../points/change.rules.ts'

/** One signed change of revenue, by ids alone; dates name the periods it counts in. */
export interface RevenueChange {
  revenueId: string; originalId: string | null
  ownerId: string | null; teamId: string | null; departmentId: string | null
  amountMinor: bigint; currency: string; recurrence: string
  day: string; week: string; month: string; isCorrection: boolean
}

/** The table as it stands in the payload under `revenue`. */
export interface PackedRevenue {
  owners: [ownerId: string | null, teamId: string | null, departmentId: string | null][]
  periods: [day: string, week: string, month: string, isCorrection: boolean][]
  kinds: [currency: string, recurrence: string][]
  rows: [revenueId: string, originalId: string | null, owner: number, amountMinor: string, kind: number, period: number][]
}

/** Returns the changes packed, in their order. */
export function packRevenue(changes: readonly RevenueChange[]): PackedRevenue {
  const owners = new Interned<PackedRevenue['owners'][number]>()
  const periods = new Interned<PackedRevenue['periods'][number]>()
  const kinds = new Interned<PackedRevenue['kinds'][number]>()
  const rows = changes.map(({ ownerId, teamId, departmentId, day, week, month, isCorrection, currency, recurrence, ...own }) =>
    [
      own.revenueId, own.originalId, owners.place(`${ownerId}|${teamId}`, () => [ownerId, teamId, departmentId]),
      String(own.amountMinor), kinds.place(currency + recurrence, () => [currency, recurrence]),
      periods.place(`${day}${week}${month}${isCorrection}`, () => [day, week, month, isCorrection]),
    ] as PackedRevenue['rows'][number])
  return { owners: owners.values, periods: periods.values, kinds: kinds.values, rows }
}

/** Returns the revenue that an event carries, in its order; none when its payload has no `revenue`. */
export function revenueOf(payload: unknown): RevenueChange[] {
  const packed = (payload as { revenue?: PackedRevenue }).revenue
  return (packed?.rows ?? []).map(([revenueId, originalId, owner, amountMinor, kind, period]) => {
    const [ownerId, teamId, departmentId] = packed!.owners[owner]!
    const [currency, recurrence] = packed!.kinds[kind]!
    const [day, week, month, isCorrection] = packed!.periods[period]!
    return {
      revenueId, originalId, ownerId, teamId, departmentId, amountMinor: BigInt(amountMinor), currency, recurrence, day, week,
      month, isCorrection,
    }
  })
}
