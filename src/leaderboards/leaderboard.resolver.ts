/** GraphQL door of leaderboards: boards, standings, archives and the live stream. */
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql'
import { ScreenToken } from '../credentials/credential.entity.ts'
import { boardIdsByScreen } from '../credentials/credential.queries.ts'
import { answer, connectionOf, Context, Cursor, Mark, sized } from '../platform/graphql.ts'
import { requireId } from '../platform/ids.ts'
import { fault } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { parseMark } from '../platform/marks.ts'
import { periodRange } from '../platform/time.ts'
import { Allows } from '../platform/policy.ts'
import { openStream, placeAfter, poll } from '../wire/streams.ts'
import type { BoardProjection } from './board.projection.ts'
import { masked } from './board.ranking.ts'
import type { Boards } from './boards.ts'
import {
  Leaderboard, LeaderboardArchive, LeaderboardMetric, LeaderboardPeriod, LeaderboardSubject, Standing,
} from './leaderboard.entity.ts'
import {
  type ArchivedRow, type ArchiveRow, boardsById, type LeaderboardRow, listArchived, listArchives, listBoards, mayOpen, measureOf,
  seesSome,
} from './leaderboard.queries.ts'
import { createLeaderboard } from './leaderboard.service.ts'
import { LeaderboardCreateInput, LeaderboardCreatePayload, LeaderboardMessage, StandingConnection } from './leaderboard.shapes.ts'
import { BoardSource } from './leaderboard.stream.ts'
import { shownOf } from '../measures/measure.rules.ts'
import { standingOf, standingsPage } from './standing.queries.ts'

const LeaderboardConnection = connectionOf('Leaderboard', () => Leaderboard)
const ArchiveConnection = connectionOf('LeaderboardArchive', () => LeaderboardArchive)
const SUBJECT_KIND = { USER: 'User', TEAM: 'Team', DEPARTMENT: 'Department', TENANT: 'Tenant' } as const

/** What the house hands to requests of this room. */
declare module '../platform/graphql.ts' {
  interface Context { boards: Boards }
}

async function boardOf(context: Context, id: string, mark?: string | null): Promise<BoardProjection> {
  const board = await context.boards.of(context.actor.tenantId, id)
  if (!board) throw fault('NOT_FOUND', 'There is no such leaderboard.')
  if (mark) await board.reach(await board.log.holds(parseMark(mark)!))
  return board
}

async function openBoard(
  context: Context,
  { id, top, after, atLeast }: { id: string; top: number; after?: string | null; atLeast?: string | null },
) {
  const uuid = requireId('Leaderboard', id, 'id')
  if (seesSome(context.actor) && !await context.load(boardsById, uuid)) throw fault('NOT_FOUND', 'There is no such leaderboard.')
  const board = await boardOf(context, uuid, atLeast)
  if (!mayOpen(context.actor, board.row)) throw fault('NOT_FOUND', 'There is no such leaderboard.')
  const place = placeAfter(board.log.epoch, after)
  if (place.pos !== null) await board.reach(place.pos) // Another node may have been ahead of this one.
  return openStream(new BoardSource(board, top), place)
}

@Resolver(() => Leaderboard)
export class LeaderboardResolver {
  @Allows('leaderboard.read')
  @Query(() => Leaderboard, { nullable: true, description: 'One board, or null when there is none with this id.' })
  leaderboard(@Arg('id', () => ID, { description: 'As `leaderboards` returned it.' }) id: string, @Ctx() context: Context) {
    return context.load(boardsById, requireId('Leaderboard', id, 'id'))
  }

  @Allows('leaderboard.read')
  @Query(() => LeaderboardConnection, { description: 'The tenant\'s boards, oldest first.' })
  leaderboards(@Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Arg('metric', () => LeaderboardMetric, { nullable: true, description: 'Only boards of this metric.' })
    metric: LeaderboardMetric | null,
    @Arg('period', () => LeaderboardPeriod, { nullable: true, description: 'Only boards of this period.' })
    period: LeaderboardPeriod | null,
    @Arg('subject', () => LeaderboardSubject, { nullable: true, description: 'Only boards of these subjects.' })
    subject: LeaderboardSubject | null,
    @Ctx() { actor }: Context) {
    return listBoards(actor, first, after, { metric, period, subject })
  }

  @Allows('leaderboard.write')
  @Mutation(() => LeaderboardCreatePayload, { description: 'Adds a board. ADMIN only. Codes: INVALID, OUT_OF_RANGE, NOT_FOUND.' })
  leaderboardCreate(@Arg('input', () => LeaderboardCreateInput, { description: 'The board.' }) input: LeaderboardCreateInput,
    @Ctx() { actor }: Context) {
    const subjectIds = input.subjectIds?.map(id => requireId(SUBJECT_KIND[input.subject], id, 'subjectIds'))
    return answer(new LeaderboardCreatePayload(), () => createLeaderboard(actor, { ...input, subjectIds }))
  }

  @FieldResolver(() => Date, { nullable: true, description: 'When the current period began, UTC; null for ALL_TIME.' })
  async periodStart(@Root() row: LeaderboardRow, @Ctx() context: Context) {
    const board = await boardOf(context, row.id)
    return row.period === 'ALL_TIME' ? null : new Date(periodRange(row.period, board.zone, board.key).startMs)
  }

  @FieldResolver(() => Date, { nullable: true, description: 'When the current period ends, UTC; null for ALL_TIME.' })
  async periodEnd(@Root() row: LeaderboardRow, @Ctx() context: Context) {
    const board = await boardOf(context, row.id)
    return row.period === 'ALL_TIME' ? null : new Date(periodRange(row.period, board.zone, board.key).endMs)
  }

  @FieldResolver(() => String, { description: 'IANA time zone in which the period begins and ends.' })
  async timeZone(@Root() row: LeaderboardRow, @Ctx() context: Context) {
    return (await boardOf(context, row.id)).zone
  }

  @FieldResolver(() => Int, { description: 'How many subjects are ranked.' })
  async size(@Root() row: LeaderboardRow, @Ctx() context: Context) {
    return (await boardOf(context, row.id)).index.size
  }

  @FieldResolver(() => StandingConnection, {
    description: 'The ranking of the current period, from the top, or around one subject.',
  })
  async standings(@Root() row: LeaderboardRow, @Ctx() context: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null,
    @Arg('around', () => ID, {
      nullable: true, description: 'Show the neighbors of this user, team or department, which stands in the middle.',
    }) around: string | null,
    @Arg('atLeast', () => Mark, {
      nullable: true, description: 'Wait (at most 2 s) until the board holds this commit.',
    }) atLeast: string | null) {
    const board = await boardOf(context, row.id, atLeast)
    return standingsPage(board, { first, after, around: around && requireId(SUBJECT_KIND[row.subject], around, 'around') },
      context.actor.userId)
  }

  @FieldResolver(() => Standing, {
    nullable: true, description: 'One subject\'s own row; null while it has no points in the period.',
  })
  async standing(@Root() row: LeaderboardRow, @Ctx() context: Context,
    @Arg('subjectId', () => ID, { description: 'A user, team or department, as the board ranks.' }) subjectId: string,
    @Arg('atLeast', () => Mark, {
      nullable: true, description: 'Wait (at most 2 s) until the board holds this commit.',
    }) atLeast: string | null) {
    const id = requireId(SUBJECT_KIND[row.subject], subjectId, 'subjectId')
    return standingOf(await boardOf(context, row.id, atLeast), id, context.actor.userId)
  }

  @FieldResolver(() => Standing, {
    nullable: true, description: 'One\'s own row on a board of users; null on others, without a person, and without points.',
  })
  async viewerStanding(@Root() row: LeaderboardRow, @Ctx() context: Context) {
    const { userId } = context.actor
    return row.subject === 'USER' && userId ? standingOf(await boardOf(context, row.id), userId, userId) : null
  }

  @FieldResolver(() => ArchiveConnection, { description: 'Closed periods, newest first.' })
  archives(@Root() row: LeaderboardRow, @Ctx() { actor }: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null) {
    return listArchives(actor, row.id, first, after)
  }

  @Allows('leaderboard.read')
  @sized(1)
  @Query(() => [LeaderboardMessage], {
    description: 'The stream by polling: the messages after a cursor, waiting up to `waitMs` (at most 25,000) for the first.',
  })
  async leaderboardMessages(@Ctx() context: Context,
    @Arg('id', () => ID, { description: 'The board.' }) id: string,
    @Arg('top', () => Int, { defaultValue: 100, description: 'How many places, 1–500.' }) top: number,
    @Arg('after', () => Cursor, {
      nullable: true, description: 'Cursor of the last message; a snapshot comes first without it.',
    }) after: string | null,
    @Arg('waitMs', () => Int, { defaultValue: 0, description: 'How long to wait for news, in ms.' }) waitMs: number) {
    if (waitMs < 0 || waitMs > LIMITS.pollWaitMaxMs) {
      throw fault('BAD_REQUEST', `waitMs must be between 0 and ${LIMITS.pollWaitMaxMs}.`, { argument: 'waitMs' })
    }
    return poll(await openBoard(context, { id, top, after }), waitMs, context.actor.signal)
  }

  @Allows('leaderboard.read')
  @Subscription(() => LeaderboardMessage, {
    name: 'leaderboard',
    subscribe: ({ args, context }) => openBoard(context as Context, args as never) as never,
    description: 'The board, live: a snapshot, then deltas. ' +
      'A snapshot replaces; a delta applies if its `after` is my cursor; otherwise subscribe again.',
  })
  leaderboardChanged(@Root() message: object, @Ctx() context: Context,
    @Arg('id', () => ID, { description: 'The board.' }) _id: string,
    @Arg('top', () => Int, { defaultValue: 100, description: 'How many places, 1–500.' }) _top: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Resume after this cursor.' }) _after: string | null,
    @Arg('atLeast', () => Mark, {
      nullable: true, description: 'Begin with a snapshot that holds this commit.',
    }) _atLeast: string | null): object {
    context.renew()
    return message
  }
}

/** Who has taken another name since, or does not want to be listed any more, is not named in what is past either. */
function pastRow({ ranking: { listings } }: BoardProjection, row: ArchivedRow) {
  const alias = listings?.pastAliasOf(row.subjectId)
  return alias ? masked(row, alias) : row
}

@Resolver(() => LeaderboardArchive)
export class ArchiveResolver {
  @FieldResolver(() => StandingConnection, { description: 'The final ranking, from the top.' })
  async standings(@Root() archive: ArchiveRow, @Ctx() context: Context,
    @Arg('first', () => Int, { defaultValue: LIMITS.pageDefault, description: 'Page size, 1–100.' }) first: number,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after: string | null) {
    const [board, page] =
      await Promise.all([boardOf(context, archive.leaderboardId), listArchived(context.actor, archive.id, first, after)])
    const { row: shown } = board
    const dress = (row: ArchivedRow) => ({
      ...pastRow(board, row), ...row.value === null ? {} : shownOf(measureOf(shown), row.value, row.isNew ?? false),
      board, previousRank: null, isArchived: true,
    })
    return { ...page, nodes: page.nodes.map(dress), edges: page.edges.map(({ node, cursor }) => ({ cursor, node: dress(node) })) }
  }
}

@Resolver(() => ScreenToken)
export class ScreenBoardsResolver {
  @sized(5) // As a rule a few; 25 at most.
  @FieldResolver(() => [Leaderboard], { description: 'The boards that it shows, at most 25; its link opens the first.' })
  async leaderboards(@Root() { id }: { id: string }, @Ctx() context: Context) {
    const boardIds = await context.load(boardIdsByScreen, id) ?? []
    return Promise.all(boardIds.map(boardId => context.load(boardsById, boardId)))
  }
}
