/** A draft is a fact as it came from outside, by a hook or a file, before it is looked up and recorded. Pure. */

/** How a source names a person: by e-mail address, by its own id for them, or by ours. */
export interface PersonRef { by: 'EMAIL' | 'EXTERNAL' | 'ID'; value: string }

interface Common { sourceId: string | null; occurredAt: Date | null; note: string | null }

/** One fact from outside. Amounts are text in major units, or whole minor units. */
export type Draft =
  | Common & {
    fact: 'REVENUE'; amount: string; unit: 'MAJOR' | 'MINOR'; currency: string; recurrence: string; person: PersonRef | null
    client: string | null; deal: string | null
  }
  | Common & { fact: 'REFUND'; original: string; amount: string | null; unit: 'MAJOR' | 'MINOR' }
  | Common & { fact: 'ACTIVITY'; activityType: string; quantity: string | null; person: PersonRef }
  | Common & { fact: 'METRIC'; metric: string; value: string; person: PersonRef | null }

/** Why a draft could not be made, or was refused: in words, and where. */
export interface Flaw { code: string; field: string; message: string }

/** A draft, or why there is none. */
export type Drafted = { draft: Draft } | { flaw: Flaw }
