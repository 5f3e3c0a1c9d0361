/** The only writer of uploads: a file is read as it comes, a line a row, within bounds; nothing of it is a fact yet. */
import { parse } from 'csv-parse'
import { pipeline } from 'node:stream/promises'
import { Readable, Transform } from 'node:stream'
import { describeCommand, hashOfAll } from '../platform/audit.ts'
import { ErrorCode, isPlainText, Refusal } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { emitStatement } from '../platform/outbox.ts'
import { type Actor, inTenantBatch, inTenantOnce } from '../platform/tenancy.ts'

const DELIMITERS: Record<string, string> = { COMMA: ',', SEMICOLON: ';', TAB: '\t', PIPE: '|' }

/** What a file is called, and what stands between its cells: COMMA, SEMICOLON, TAB or PIPE, by its first line when absent. */
export interface UploadWish { name: string; delimiter?: string | undefined }

/**
 * Reads a CSV file into an import that waits to be started, and returns it with the commit's mark; emits `import.uploaded`.
 * @throws Refusal INVALID | OUT_OF_RANGE; then nothing of the file is kept
 */
export async function uploadFile(actor: Actor, { name, delimiter: asked }: UploadWish, file: Readable) {
  if (!isPlainText(name, 200, 1)) throw new Refusal(ErrorCode.INVALID, 'name must have 1 to 200 characters.', ['name'])
  if (asked !== undefined && !Object.hasOwn(DELIMITERS, asked)) {
    throw new Refusal(ErrorCode.INVALID, `delimiter must be one of ${Object.keys(DELIMITERS).join(', ')}.`, ['delimiter'])
  }
  const open = await inTenantOnce<{ open: number }>(actor, {
    text: `select count(*) as open from fact_import where tenant_id = $1`, values: [actor.tenantId] })
  if (open[0]!.open >= LIMITS.importsMax) {
    throw new Refusal(ErrorCode.OUT_OF_RANGE, `A tenant has at most ${LIMITS.importsMax} imports of 30 days.`, ['name'])
  }
  const importId = newId(actor.now)
  try {
    return await readInto(actor, importId, name, asked === undefined ? null : DELIMITERS[asked]!, file)
  } catch (error) {
    await inTenantOnce(actor, {
      text: 'delete from fact_import where tenant_id = $1 and id = $2', values: [actor.tenantId, importId] })
    throw error
  }
}

async function readInto(actor: Actor, importId: string, name: string, asked: string | null, file: Readable) {
  const { tenantId } = actor
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done(bytes > LIMITS.importBytesMax
        ? new Refusal(ErrorCode.OUT_OF_RANGE, `A file may have at most ${LIMITS.importBytesMax / 1_048_576} MB.`, ['file'])
          : null, chunk)
    },
  })
  const [first, whole] = await firstLineOf(file)
  const delimiter = asked ?? guessDelimiter(first)
  const parser = parse({
    bom: true, delimiter, relax_column_count: true, skip_empty_lines: true, max_record_size: LIMITS.importLineBytesMax,
      relax_quotes: false,
  })
  let [header, lines]: [string[] | null, number] = [null, 0]
  let waiting: [number, string[]][] = []
  const flush = async () => {
    await inTenantOnce(actor, {
      name: 'import_lines',
      text: `insert into fact_import_line (tenant_id, import_id, line, cells)
             select $1, $2, * from unnest($3::int[], $4::json[])`,
      values: [tenantId, importId, waiting.map(([line]) => line), waiting.map(([, cells]) => JSON.stringify(cells))],
    })
    waiting = []
  }
  const read = async (records: AsyncIterable<string[]>) => {
    for await (const cells of records) {
      if (!header) {
        header = cells
        await begin(actor, { importId, name, delimiter, header })
        continue
      }
      waiting.push([++lines, cells])
      if (lines > LIMITS.importLinesMax) {
        throw new Refusal(ErrorCode.OUT_OF_RANGE, `A file may have at most ${LIMITS.importLinesMax} lines.`, ['file'])
      }
      if (waiting.length >= LIMITS.importLinesAtOnce) await flush()
    }
  }
  await pipeline(whole, counted, parser, read).catch((error: Error & { code?: string }) => {
    if (!String(error.code ?? '').startsWith('CSV_')) throw error
    throw new Refusal(ErrorCode.INVALID, `The file cannot be read as CSV: ${error.message.slice(0, 200)}`, ['file'])
  })
  if (!lines) throw new Refusal(ErrorCode.INVALID, 'The file needs a first line with names and at least one line more.', ['file'])
  if (waiting.length) await flush()
  return { importId, lines, ...await finish(actor, { importId, bytes, lines }) }
}

async function begin(
  actor: Actor, { importId, name, delimiter, header }: { importId: string; name: string; delimiter: string; header: string[] },
): Promise<void> {
  if (header.length > LIMITS.importColumnsMax) {
    throw new Refusal(ErrorCode.OUT_OF_RANGE, `A file may have at most ${LIMITS.importColumnsMax} columns.`, ['file'])
  }
  await inTenantOnce(actor, {
    text: `insert into fact_import (tenant_id, id, name, state, delimiter, header, created_by, created_at)
           values ($1, $2, $3, 'UPLOADING', $4, $5, $6, $7)`,
    values: [actor.tenantId, importId, name, delimiter, JSON.stringify(header), actor.userId, actor.now],
  })
}

async function finish(actor: Actor, { importId, bytes, lines }: { importId: string; bytes: number; lines: number }) {
  const { tenantId } = actor
  describeCommand(actor, { subject: `import:${importId}`, afterHash: hashOfAll([importId, String(bytes), String(lines)]) })
  const answers = await inTenantBatch(actor, ({ last }) => last([
    {
      text: `update fact_import set state = 'UPLOADED', byte_count = $3, line_count = $4 where tenant_id = $1 and id = $2`,
      values: [tenantId, importId, bytes, lines],
    },
    emitStatement(tenantId, 'import.uploaded', { importId, lines }),
  ]))
  return { mark: Number(answers.at(-1)![0]!.mark) }
}

/** Returns the beginning of a stream as text, as far as it shows the first line, and a stream of the whole. */
async function firstLineOf(file: Readable): Promise<[string, Readable]> {
  const chunks: Buffer[] = []
  let size = 0
  const iterator = file[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    chunks.push(next.value)
    size += next.value.length
    if (size >= 4_096 || next.value.includes(10)) break
  }
  async function* whole() {
    yield* chunks
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  return [Buffer.concat(chunks).toString('utf8').split('\n')[0]!, Readable.from(whole(), { objectMode: false })]
}

function guessDelimiter(line: string): string {
  const counts = Object.values(DELIMITERS).map(delimiter => [delimiter, line.split(delimiter).length] as const)
  return counts.reduce((most, each) => each[1] > most[1] ? each : most)[0]
}
