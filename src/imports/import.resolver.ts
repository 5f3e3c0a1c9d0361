/** GraphQL door of imports: shapes in, shapes out, no decisions. The file itself comes by `POST /imports`. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql'
import { Refusal } from '../platform/errors.ts'
import { answer, connectionOf, Context, Cursor, Payload } from '../platform/graphql.ts'
import { requireId } from '../platform/ids.ts'
import { LIMITS } from '../platform/limits.ts'
import { CurrencyCode } from '../platform/money.shapes.ts'
import { Allows } from '../platform/policy.ts'
import { periodRange } from '../platform/time.ts'
import { peopleOf, previewOf } from '../sources/intake.service.ts'
import { DraftKind } from '../sources/source.entity.ts'
import { ownTenant } from '../tenants/tenant.service.ts'
import { draftOfLine, type Field as ColumnField, guessColumns, guessKind,
  type ImportSettings as Settings } from './cells.rules.ts'
import { DateOrder, FactImport, ImportField, ImportLineError, ImportPreview } from './import.entity.ts'
import { firstLines, importsById, listImports, listRefused, type RefusedRow } from './import.queries.ts'
import { cancelImport, type ImportRow, refusalForSettings, resumeImport, startImport } from './import.service.ts'

const FactImportConnection = connectionOf('FactImport', () => FactImport)
const ImportLineErrorConnection = connectionOf('ImportLineError', () => ImportLineError)

@InputType({ description: 'A column and what it holds.' })
class ImportColumnInput {
  @Field(() => Int, { description: 'Its place, from 0.' }) column!: number
  @Field(() => ImportField as object, { description: 'What it holds.' }) field!: ColumnField
}

@InputType({ description: 'How a file is read.' })
class ImportSettingsInput {
  @Field(() => DraftKind, { description: 'What kind of facts it holds.' }) kind!: DraftKind
  @Field(() => String, { defaultValue: 'import', description: 'The source of its facts, 1–100 characters.' }) source!: string
  @Field(() => [ImportColumnInput], { description: 'What its columns hold, at most 15.' }) columns!: ImportColumnInput[]
  @Field(() => String, { defaultValue: '.', description: 'Between units and fractions: "." or ",".' }) decimalSign!: string
  @Field(() => String, { nullable: true, description: 'Between thousands; numbers have none when absent.' })
  thousandsSeparator?: string | null
  @Field(() => DateOrder, { defaultValue: DateOrder.YMD, description: 'How dates are written.' }) dateOrder!: DateOrder
  @Field(() => CurrencyCode, { nullable: true, description: 'The currency of amounts that name none.' }) currency?: string | null
}

@InputType({ description: 'An import to start.' })
class ImportStartInput {
  @Field(() => ID, { description: 'The import.' }) importId!: string
  @Field(() => ImportSettingsInput, { description: 'How its file is read; they stay.' }) settings!: ImportSettingsInput
}

@InputType({ description: 'An import.' })
class ImportInput {
  @Field(() => ID, { description: 'The import.' }) importId!: string
}

@ObjectType({ description: 'The import as it is now.' })
class ImportPayload extends Payload {
  @Field(() => FactImport, { nullable: true, description: 'The import; null when refused.' }) factImport?: unknown
}

const settingsOf = (input: ImportSettingsInput): Settings => ({
  kind: input.kind, source: input.source, columns: input.columns.map(({ column, field }) => ({ column, field })),
  decimalSign: input.decimalSign as Settings['decimalSign'], thousandsSeparator: input.thousandsSeparator ?? null,
  dateOrder: input.dateOrder, currency: input.currency ?? null,
})

function moved(context: Context, importId: string, work: () => Promise<{ mark: number }>) {
  return answer(new ImportPayload(), async () => {
    const { mark } = await work()
    return { factImport: await context.load(importsById, importId), mark } as Partial<ImportPayload>
  })
}

@Resolver(() => FactImport)
export class FactImportResolver {
  @Allows('import.write')
  @Mutation(() => ImportPayload, {
    description: 'Begins to record the lines of a file. Codes: NOT_FOUND, INVALID, FORBIDDEN.',
  })
  importStart(@Arg('input', () => ImportStartInput, { description: 'Which, and how it is read.' }) input: ImportStartInput,
    @Ctx() context: Context) {
    const importId = requireId('FactImport', input.importId, 'importId')
    return moved(context, importId, () => startImport(context.actor, importId, settingsOf(input.settings)))
  }

  @Allows('import.write')
  @Mutation(() => ImportPayload, { description: 'Stops a running import; what is recorded stays. Codes: NOT_FOUND, INVALID.' })
  importCancel(@Arg('input', () => ImportInput, { description: 'Which.' }) input: ImportInput, @Ctx() context: Context) {
    const importId = requireId('FactImport', input.importId, 'importId')
    return moved(context, importId, () => cancelImport(context.actor, importId))
  }

  @Allows('import.write')
  @Mutation(() => ImportPayload, { description: 'Goes on with a canceled import where it stopped. Codes: NOT_FOUND, INVALID.' })
  importResume(@Arg('input', () => ImportInput, { description: 'Which.' }) input: ImportInput, @Ctx() context: Context) {
    const importId = requireId('FactImport', input.importId, 'importId')
    return moved(context, importId, () => resumeImport(context.actor, importId))
  }

  @Allows('import.read')
  @Query(() => FactImportConnection, { description: 'Files of facts, the last first; kept for 30 days.' })
  imports(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listImports(actor, first, after)
  }

  @FieldResolver(() => Int, { description: 'Lines that are through.' })
  doneCount(@Root() { nextLine, lineCount }: ImportRow) {
    return nextLine - 1 < lineCount ? nextLine - 1 : lineCount
  }

  @FieldResolver(() => ImportLineErrorConnection,
    { description: 'The lines that were refused; `/imports/{id}/errors.csv` has them with their cells.' })
  errors(@Root() { id }: ImportRow,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Ctx() { actor }: Context) {
    return listRefused(actor, id, first, after)
  }

  @FieldResolver(() => ImportPreview, {
    description: 'What its first 50 lines would become, by these settings or those guessed from its first line. Writes nothing.',
  })
  async preview(@Root() row: ImportRow,
    @Arg('settings', () => ImportSettingsInput, { nullable: true, description: 'How the file is read; guessed when absent.' })
    input: ImportSettingsInput | null, @Ctx() { actor }: Context) {
    const { timeZone, currency } = await ownTenant(actor)
    const columns = guessColumns(row.header)
    const settings: Settings = input ? settingsOf(input) : row.settings ?? {
      kind: guessKind(columns), source: 'import', columns, decimalSign: '.', thousandsSeparator: null, dateOrder: 'YMD', currency,
    }
    const lines = await firstLines(actor, row.id, LIMITS.importPreviewLines)
    const refusal = refusalForSettings(settings, row.header)
    const dayStart = (day: string) => new Date(periodRange('DAILY', timeZone, day).startMs)
    const drafted = refusal instanceof Refusal ? [] : lines.map(({ cells }) => draftOfLine(cells, settings, dayStart))
    const people = await peopleOf(actor, null,
      drafted.flatMap(each => 'draft' in each && each.draft.fact !== 'REFUND' ? each.draft.person ?? [] : []))
    const flaw = refusal && { place: null, code: refusal.code, field: refusal.field.join('.'), message: refusal.message }
    return {
      settings, rows: lines.map(({ cells }) => cells),
      drafts: flaw ? [{ place: 0, flaw }] : drafted.map((each, at) => ({ place: lines[at]!.line, ...previewOf(each, people) })),
    }
  }
}

@Resolver(() => ImportLineError)
export class ImportLineErrorResolver {
  @FieldResolver(() => String, { description: 'For programs.' }) code(@Root() { refusal }: RefusedRow) { return refusal[0] }
  @FieldResolver(() => String,
    { description: 'The column or part at fault.' }) field(@Root() { refusal }: RefusedRow) { return refusal[1] }
  @FieldResolver(() => String,
    { description: 'For people: what is wrong.' }) message(@Root() { refusal }: RefusedRow) { return refusal[2] }
}
