/** Imports as the schema shows them: a file of facts, how far it has come, and what was wrong with its lines. */
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { Node, sized } from '../platform/graphql.ts'
import { DraftKind, DraftPreview } from '../sources/source.entity.ts'
import { FIELDS } from './cells.rules.ts'

export enum ImportState {
  UPLOADING = 'UPLOADING', UPLOADED = 'UPLOADED', RUNNING = 'RUNNING', CANCELED = 'CANCELED', DONE = 'DONE',
}
registerEnumType(ImportState, {
  name: 'ImportState', description: 'Where an import stands.',
  valuesConfig: {
    UPLOADING: { description: 'The file is coming in.' }, UPLOADED: { description: 'It waits to be started.' },
    RUNNING: { description: 'Its lines are being recorded.' }, CANCELED: { description: 'It was stopped and may be resumed.' },
    DONE: { description: 'Every line was recorded, repeated or refused.' },
  },
})

/** The fields as an enum of the schema. */
export const ImportField = Object.fromEntries(FIELDS.map(field => [field, field])) as Record<typeof FIELDS[number], string>
const WORDS: Record<typeof FIELDS[number], string> = {
  AMOUNT: 'An amount in major units.', CURRENCY: 'A currency of ISO 4217.',
    RECURRENCE: 'ONE_OFF, MONTH, QUARTER or YEAR, also monthly and so on.',
  OWNER_EMAIL: 'The e-mail address of the person.', OWNER_ID: 'The id of the person.', CLIENT: 'The client.', DEAL: 'The deal.',
  OCCURRED_AT: 'A local date, or an instant as RFC 3339.', SOURCE_ID: 'The id in the source; the same fact counts once.',
  NOTE: 'Free text.', ORIGINAL: 'The id in the source of the revenue that a refund gives back.',
    ACTIVITY_TYPE: 'Key of the activity type.',
  QUANTITY: 'How many.', METRIC: 'Key of the metric.', VALUE: 'The value of the metric.',
}
registerEnumType(ImportField, {
  name: 'ImportField', description: 'What a column holds.',
  valuesConfig: Object.fromEntries(FIELDS.map(field => [field, { description: WORDS[field] }])),
})

export enum DateOrder { YMD = 'YMD', DMY = 'DMY', MDY = 'MDY' }
registerEnumType(DateOrder, {
  name: 'DateOrder', description: 'How dates of a file are written; instants as RFC 3339 are read in any.',
  valuesConfig: {
    YMD: { description: '2026-03-10.' }, DMY: { description: '10.03.2026.' }, MDY: { description: '03/10/2026.' },
  },
})

@ObjectType({ description: 'A column and what it holds.' })
export class ImportColumn {
  @Field(() => Int, { description: 'Its place, from 0.' }) column!: number
  @Field(() => ImportField as object, { description: 'What it holds.' }) field!: string
}

@ObjectType({ description: 'How a file is read.' })
export class ImportSettings {
  @Field(() => DraftKind, { description: 'What kind of facts it holds.' }) kind!: string
  @Field(() => String, { description: 'The source of its facts.' }) source!: string
  @sized(15) @Field(() => [ImportColumn], { description: 'What its columns hold, at most 15.' }) columns!: ImportColumn[]
  @Field(() => String, { description: 'Between units and fractions: "." or ",".' }) decimalSign!: string
  @Field(() => String, { nullable: true, description: 'Between thousands; null when numbers have none.' })
  thousandsSeparator?: string | null
  @Field(() => DateOrder, { description: 'How dates are written.' }) dateOrder!: string
  @Field(() => String, { nullable: true, description: 'The currency of amounts that name none.' }) currency?: string | null
}

@ObjectType({ implements: Node, description: 'A file of facts.' })
export class FactImport extends Node {
  @Field(() => String, { description: 'The file\'s name.' }) name!: string
  @Field(() => ImportState, { description: 'Where it stands.' }) state!: ImportState
  @Field(() => [String], { description: 'The cells of its first line, at most 100.' }) header!: string[]
  @Field(() => ImportSettings, { nullable: true, description: 'How it is read; null before it was started.' }) settings?: unknown
  @Field(() => Int, { description: 'Lines without the first one.' }) lineCount!: number
  @Field(() => Int, { description: 'Lines that are through.' }) doneCount!: number
  @Field(() => Int, { description: 'Lines that became facts.' }) recorded!: number
  @Field(() => Int, { description: 'Lines whose facts were there already.' }) repeated!: number
  @Field(() => Int, { description: 'Lines that were refused.' }) refused!: number
  @Field(() => Date, { description: 'When it was uploaded.' }) createdAt!: Date
  @Field(() => Date, { nullable: true, description: 'When it was first started.' }) startedAt?: Date | null
  @Field(() => Date, { nullable: true, description: 'When it was through.' }) finishedAt?: Date | null
}

@ObjectType({ description: 'A line that was refused.' })
export class ImportLineError {
  @Field(() => Int, { description: 'Its number, 1 being the line after the first.' }) line!: number
  @Field(() => String, { description: 'For programs.' }) code!: string
  @Field(() => String, { description: 'The column or part at fault.' }) field!: string
  @Field(() => String, { description: 'For people: what is wrong.' }) message!: string
}

@ObjectType({ description: 'What a file would become. Nothing is written.' })
export class ImportPreview {
  @Field(() => ImportSettings,
    { description: 'The settings that were given, or guessed from the first line.' }) settings!: unknown
  @sized(50)
  @Field(() => [DraftPreview],
    { description: 'The first lines as facts, at most 50; `place` is the line.' }) drafts!: DraftPreview[]
  @Field(() => [[String]], { description: 'The cells of these lines, at most 50.' }) rows!: string[][]
}
