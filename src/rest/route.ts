/** A REST alias: a path that answers what one GraphQL document answers, by the same rights and limits (RGW-01). */
import type { DocumentNode } from 'graphql'

/** A value that may be given in a path or a query string. */
export interface RestParameter {
  name: string; in: 'path' | 'query'; what: string
  type: 'string' | 'integer'
  values?: readonly string[]; pattern?: string; minimum?: number; maximum?: number; default?: string | number
}

/** Values as they were given, defaults filled in. */
export type Given = Record<string, string | number>

/**
 * One route. `answer` is the way from the answer's root to what is returned, such as `leaderboards.nodes.0`; nothing there is
 * 404. A path with `{tenant}` is for a document that also asks `viewer { tenant { id slug } }`: any other tenant is 404.
 */
export interface RestRoute {
  name: string; paths: readonly string[]; summary: string; parameters: readonly RestParameter[]
  document: DocumentNode; answer: string
  variables(given: Given): Record<string, unknown>
}
