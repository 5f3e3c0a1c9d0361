/** The night shift of boards: archives closed periods, once, also after downtime. */
import type { Actor } from '../platform/tenancy.ts'
import type { Job } from '../wire/jobs.ts'
import { listBoards } from './leaderboard.queries.ts'
import { archiveClosed } from './leaderboard.service.ts'

export const archiveJob: Job = {
  name: 'leaderboards.archive',
  everyMs: 60_000,
  feature: 'leaderboards',
  async run(actor: Actor) {
    let after: string | null = null
    do {
      const page: Awaited<ReturnType<typeof listBoards>> = await listBoards(actor, 100, after)
      for (const board of page.nodes) await archiveClosed(actor, board)
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
    } while (after)
  },
}
