/** The only writer of an import's course: started, stopped and resumed by people, carried on in steps by any node. */
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { exponentOf } from '../platform/money.ts'
import { emitStatement } from '../platform/outbox.ts'
import { decisionFor } from '../platform/policy.rules.ts'
import { type Actor, inTenantBatch, inTenantOnce } from '../platform/tenancy.ts'
import { periodRange } from '../platform/time.ts'
import { zoneOf } from '../tenants/tenant.service.ts'
import { keyFor, type Outcome, recordDrafts } from '../sources/intake.service.ts'
import { draftOfLine, type ImportSettings, NEEDED } from './cells.rules.ts'

/** What an import's row says to those who carry it on. */
export interface ImportRow {
  [column: string]: unknown
  id: string; state: string; header: string[]; settings: ImportSettings | null; lineCount: number; nextLine: number
}

/** The columns of an import as reads return them. */
export const IMPORT_COLUMNS = `id, name, state, header, settings, byte_count as "byteCount", line_count as "lineCount",
  next_line as "nextLine", recorded, repeated, refused, created_at as "createdAt", started_at as "startedAt",
  finished_at as "finishedAt"`

/** Returns the import, or null. */
export async function importOf(actor: Pick<Actor, 'tenantId' | 'db'>, importId: string): Promise<ImportRow | null> {
  const [row] = await inTenantOnce<ImportRow>(actor, {
    name: 'import_of', text: `select ${IMPORT_COLUMNS} from fact_import where tenant_id = $1 and id = $2`,
    values: [actor.tenantId, importId],
  })
  return row ?? null
}

const THOUSANDS = [',', '.', ' ', '\'', '\u00a0', '\u202f']

/** Returns why a file cannot be read so, or null. */
export function refusalForSettings(settings: ImportSettings, header: readonly string[]): Refusal | null {
  const { kind, source, columns, decimalSign, thousandsSeparator, currency } = settings
  const refused = (message: string, field: string) => new Refusal(ErrorCode.INVALID, message, ['settings', field])
  if (!isPlainText(source, LIMITS.sourceLengthMax, 1)) return refused('source must have 1 to 100 characters.', 'source')
  if (columns.some(({ column }) => column < 0 || column >= header.length)) return refused('There is no such column.', 'columns')
  if (new Set(columns.map(({ column }) => column)).size < columns.length
    || new Set(columns.map(({ field }) => field)).size < columns.length) {
    return refused('A column holds one field, and a field has one column.', 'columns')
  }
  const missing = NEEDED[kind].filter(field => !columns.some(each => each.field === field))
  if (missing.length) return refused(`${kind} needs a column of ${missing.join(' and ')}.`, 'columns')
  if (decimalSign !== '.' && decimalSign !== ',') return refused('decimalSign must be "." or ",".', 'decimalSign')
  if (thousandsSeparator !== null && (thousandsSeparator === decimalSign || !THOUSANDS.includes(thousandsSeparator))) {
    return refused('thousandsSeparator must be another sign than decimalSign: one of , . \' or a space.', 'thousandsSeparator')
  }
  if (currency !== null && exponentOf(currency) === null) return refused('currency must be one of ISO 4217.', 'currency')
  if (kind === 'REVENUE' && currency === null && !columns.some(({ field }) => field === 'CURRENCY')) {
    return refused('Name a currency, or the column that holds it.', 'currency')
  }
  return null
}

/**
 * Starts an import with settings that stay, and returns the commit's mark; emits `import.started`.
 * @throws Refusal NOT_FOUND | INVALID | FORBIDDEN
 */
export async function startImport(actor: Actor, importId: string, settings: ImportSettings): Promise<{ mark: number }> {
  if (settings.kind === 'ACTIVITY' && decisionFor(actor, 'activity.record').reach !== 'TENANT') {
    throw new Refusal(ErrorCode.FORBIDDEN, 'Only who may record activities for all imports them: an admin.', ['settings', 'kind'])
  }
  return move(actor, importId, {
    from: 'UPLOADED', to: 'RUNNING', topic: 'import.started', settings,
    check: ({ header }) => refusalForSettings(settings, header),
  })
}

/** Stops a running import and returns the commit's mark; emits `import.canceled`. @throws Refusal NOT_FOUND | INVALID */
export function cancelImport(actor: Actor, importId: string): Promise<{ mark: number }> {
  return move(actor, importId, { from: 'RUNNING', to: 'CANCELED', topic: 'import.canceled', settings: null })
}

/** Goes on with a canceled import and returns the commit's mark; emits `import.resumed`. @throws Refusal NOT_FOUND | INVALID */
export function resumeImport(actor: Actor, importId: string): Promise<{ mark: number }> {
  return move(actor, importId, { from: 'CANCELED', to: 'RUNNING', topic: 'import.resumed', settings: null })
}

interface Move {
  from: string; to: string; topic: string; settings: ImportSettings | null; check?(row: ImportRow): Refusal | null
}

function move(actor: Actor, importId: string, { from, to, topic, settings, check }: Move): Promise<{ mark: number }> {
  const { tenantId, now } = actor
  return inTenantBatch(actor, async batch => {
    const [[row]] = await batch.run([{
      text: `select ${IMPORT_COLUMNS} from fact_import where tenant_id = $1 and id = $2 for update`, values: [tenantId, importId],
    }]) as [ImportRow[]]
    if (!row || row.state === 'UPLOADING') throw new Refusal(ErrorCode.NOT_FOUND, 'There is no such import.', ['importId'])
    if (row.state !== from) {
      throw new Refusal(ErrorCode.INVALID,
        `This import is ${row.state}: only one that is ${from} can be ${topic.split('.')[1]}.`, ['importId'])
    }
    const refusal = check?.(row) ?? null
    if (refusal) throw refusal
    describeCommand(actor, { subject: `import:${importId}`, afterHash: hashOfAll([topic, JSON.stringify(settings)]) })
    const answers = await batch.last([
      {
        text: `update fact_import set state = $3, settings = coalesce($4::json, settings),
                 started_at = case when $3 = 'RUNNING' then coalesce(started_at, $5::timestamptz) else started_at end
               where tenant_id = $1 and id = $2`,
        values: [tenantId, importId, to, settings && JSON.stringify(settings), now],
      },
      emitStatement(tenantId, topic, { importId }),
    ])
    return { mark: Number(answers.at(-1)![0]!.mark) }
  })
}

/**
 * Carries a running import on by up to 200 lines, and returns whether it goes on. The facts come first, each once by its key;
 * then in
 * one commit the lines' outcomes, the place and `import.progressed`. Whoever does a step again finds its facts there.
 */
export async function stepImport(actor: Actor, importId: string): Promise<boolean> {
  const { tenantId } = actor
  const row = await importOf(actor, importId)
  if (row?.state !== 'RUNNING' || !row.settings) return false
  const { settings, nextLine, lineCount } = row
  const lines = await inTenantOnce<{ line: number; cells: string[] }>(actor, {
    name: 'import_step',
    text: `select line, cells from fact_import_line
           where tenant_id = $1 and import_id = $2 and line >= $3 order by line limit $4`,
    values: [tenantId, importId, nextLine, LIMITS.importStepLines],
  })
  const zone = await zoneOf(actor)
  const dayStart = (day: string) => new Date(periodRange('DAILY', zone, day).startMs)
  const outcomes = await recordDrafts(actor, {
    source: settings.source, sourceId: null, keyOf: place => keyFor('import', importId, String(lines[place]!.line)),
    origin: { correlationId: importId, ip: null, agent: null },
  }, lines.map(({ cells }) => draftOfLine(cells, settings, dayStart)))
  const next = (lines.at(-1)?.line ?? lineCount) + 1
  return noteStep(actor,
    { importId, from: nextLine, next, lines: lines.map(({ line }) => line), outcomes, isLast: next > lineCount })
}

interface Step { importId: string; from: number; next: number; lines: number[]; outcomes: Outcome[]; isLast: boolean }

async function noteStep(actor: Actor, { importId, from, next, lines, outcomes, isLast }: Step): Promise<boolean> {
  const { tenantId, now } = actor
  const count = (kind: Outcome['kind']) => outcomes.filter(outcome => outcome.kind === kind).length
  const bad = outcomes.flatMap((outcome, at) => outcome.kind === 'REFUSED' ? [{ line: lines[at]!, flaw: outcome.flaw }] : [])
  return inTenantBatch(actor, async batch => {
    const [[row]] = await batch.run([{
      name: 'import_note',
      text: `update fact_import set next_line = $4, recorded = recorded + $5, repeated = repeated + $6, refused = refused + $7,
               state = case when $8::boolean then 'DONE' else state end,
               finished_at = case when $8::boolean then $9::timestamptz else finished_at end
             where tenant_id = $1 and id = $2 and next_line = $3 returning ${IMPORT_COLUMNS}`,
      values: [tenantId, importId, from, next, count('RECORDED'), count('REPEATED'), bad.length, isLast, now],
    }]) as [ImportRow[]]
    if (!row) return false // Another node has done this step.
    const { state, lineCount, recorded, repeated, refused } = row
    await batch.last([
      // What became a fact is kept there; what a line held besides is not ours to keep.
      {
        name: 'import_lines_done',
        text: `delete from fact_import_line
               where tenant_id = $1 and import_id = $2 and line between $3 and $4 and line <> all($5::int[])`,
        values: [tenantId, importId, from, next - 1, bad.map(({ line }) => line)],
      },
      {
        name: 'import_lines_refused',
        text: `update fact_import_line l set refusal = bad.refusal from unnest($3::int[], $4::json[]) as bad (line, refusal)
               where l.tenant_id = $1 and l.import_id = $2 and l.line = bad.line`,
        values: [tenantId, importId, bad.map(({ line }) => line), bad
          .map(({ flaw }) => JSON.stringify([flaw.code, flaw.field, flaw.message]))],
      },
      emitStatement(tenantId, 'import.progressed', {
        importId, state, done: next - 1, lines: lineCount, recorded, repeated, refused,
      }),
    ])
    return state === 'RUNNING'
  })
}
