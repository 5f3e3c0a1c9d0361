/** Reads of imports: their course, their refused lines, and what their first lines would become. */
import { type Context, decodeCursor, encodeCursor, inOrder, listOf, pageOf, pageSize, registerNode } from '../platform/graphql.ts'
import { type Actor, inTenantOnce } from '../platform/tenancy.ts'
import { IMPORT_COLUMNS, type ImportRow } from './import.service.ts'

/** A refused line's row as reads return it. */
export interface RefusedRow {
  [column: string]: unknown; line: number; cells: string[]; refusal: [code: string, field: string, message: string] }

/** Imports by id. */
export async function importsById({ actor }: Context, ids: readonly string[]) {
  return inOrder(ids, await inTenantOnce<ImportRow>(actor, {
    name: 'imports_by_id', values: [actor.tenantId, ids],
    text: `select ${IMPORT_COLUMNS} from fact_import where tenant_id = $1 and id = any($2::uuid[]) and state <> 'UPLOADING'`,
  }))
}
registerNode('FactImport', importsById, 'import.read')

/** Returns a page of imports, the last first. */
export async function listImports(actor: Actor, first: number, after: string | null) {
  const size = pageSize(first)
  const [id] = after ? decodeCursor('imports', after, ['uuid']) : ['ffffffff-ffff-ffff-ffff-ffffffffffff']
  const rows = await inTenantOnce<ImportRow>(actor, {
    text: `select ${IMPORT_COLUMNS} from fact_import where tenant_id = $1 and id < $2::uuid and state <> 'UPLOADING'
           order by id desc limit $3`,
    values: [actor.tenantId, id, size + 1] })
  return pageOf(rows, size, row => encodeCursor('imports', [row.id]), after)
}

/** Returns up to `limit` refused lines of an import after a line, in order. */
export function refusedLines(actor: Actor, importId: string, after: number, limit: number): Promise<RefusedRow[]> {
  return inTenantOnce<RefusedRow>(actor, {
    name: 'import_refused',
    text: `select line, cells, refusal from fact_import_line
           where tenant_id = $1 and import_id = $2 and line > $3 and refusal is not null order by line limit $4`,
    values: [actor.tenantId, importId, after, limit],
  })
}

/** Returns a page of refused lines, in order. */
export async function listRefused(actor: Actor, importId: string, first: number, after: string | null) {
  const size = pageSize(first)
  const list = listOf('refusedLines', importId)
  const [line] = after ? decodeCursor(list, after, ['number']) : [0]
  const rows = await refusedLines(actor, importId, line, size + 1)
  return pageOf(rows, size, row => encodeCursor(list, [row.line]), after)
}

/** Returns the first lines of an import that are still there. */
export function firstLines(actor: Actor, importId: string, limit: number): Promise<{ line: number; cells: string[] }[]> {
  return inTenantOnce<{ line: number; cells: string[] }>(actor, {
    text: 'select line, cells from fact_import_line where tenant_id = $1 and import_id = $2 order by line limit $3',
    values: [actor.tenantId, importId, limit],
  })
}

/** Yields the refused lines as CSV: number, code, field, message, then the cells as they were. */
export async function* refusedCsv(actor: Actor, importId: string, header: readonly string[]): AsyncGenerator<string> {
  yield `${['line', 'code', 'field', 'message', ...header].map(quoted).join(',')}\r\n`
  for (let after = 0; ;) {
    const rows = await refusedLines(actor, importId, after, 1_000)
    if (!rows.length) return
    yield rows.map(({ line, refusal, cells }) => `${[String(line), ...refusal, ...cells].map(quoted).join(',')}\r\n`).join('')
    after = rows.at(-1)!.line
  }
}

/** A cell that a spreadsheet would take for a formula begins with an apostrophe; a number below zero is none. */
function quoted(cell: string): string {
  const isFormula = /^[=+@\t\r]/.test(cell) || (cell.startsWith('-') && !/^-[\d.,' ]+$/.test(cell))
  return `"${isFormula ? '\'' : ''}${cell.replaceAll('"', '""')}"`
}
