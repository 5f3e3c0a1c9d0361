/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What happened. Later versions add values. */
export type FeedKind =
  /** A level was entered, upward or downward. */
  | 'LEVEL_CHANGED'
  /** An activity paid points. */
  | 'POINTS_AWARDED'
  /** An activity was taken back with its points. */
  | 'POINTS_REVERSED';

/** Whose news. */
export type FeedScope =
  /** What is about me. */
  | 'ME'
  /** What is about my primary team: its people at the time. */
  | 'TEAM'
  /** Everything. */
  | 'TENANT';

/** Calendar period in the tenant's time zone. */
export type LeaderboardPeriod =
  /** Without an end; never archived. */
  | 'ALL_TIME'
  /** From midnight to midnight. */
  | 'DAILY'
  /** From the first of the month. */
  | 'MONTHLY'
  /** From Monday. */
  | 'WEEKLY';

/** Who is ranked. */
export type LeaderboardSubject =
  /** Departments, likewise. */
  | 'DEPARTMENT'
  /** Teams, by the points of their people while they were in them. */
  | 'TEAM'
  /** The company as a whole: one row, to follow over time. */
  | 'TENANT'
  /** People. */
  | 'USER';

/** What a person may do. */
export type Role =
  /** Everything in the tenant. */
  | 'ADMIN'
  /** As MEMBER, and searches the audit. */
  | 'COMPLIANCE'
  /** As MEMBER, and searches the audit. */
  | 'FINANCE'
  /** Records and takes back for the teams they lead. */
  | 'MANAGER'
  /** Reads, and records for themself. */
  | 'MEMBER'
  /** Records for themself and sees no employees. */
  | 'PARTNER'
  /** Reads. */
  | 'VIEWER';

/** Why a stream sends a snapshot. */
export type SnapshotReason =
  /** The cursor is too old to resume from, or unknown to this node. */
  | 'EXPIRED'
  /** The reader came without a cursor. */
  | 'FIRST'
  /** The history that the cursor belongs to was lost. */
  | 'NEW_EPOCH'
  /** The reader fell too far behind. */
  | 'SLOW_CLIENT';

export type BoardPageQueryVariables = Exact<{
  id: string;
}>;


export type BoardPageQuery = { viewer: { user: { id: string, name: string } | null, tenant: { name: string, slug: string } }, leaderboard: { id: string, name: string, subject: LeaderboardSubject, period: LeaderboardPeriod, periodStart: string | null, periodEnd: string | null, timeZone: string, size: number } | null, leaderboards: { nodes: Array<{ id: string, name: string, subject: LeaderboardSubject, period: LeaderboardPeriod }> } };

export type OwnStandingQueryVariables = Exact<{
  id: string;
  subjectId: string;
}>;


export type OwnStandingQuery = { leaderboard: { standing: { rank: number, closeRank: number | null, points: number } | null } | null };

export type BoardStreamSubscriptionVariables = Exact<{
  id: string;
  top: number;
  after?: string | null | undefined;
}>;


export type BoardStreamSubscription = { leaderboard:
    | { __typename: 'LeaderboardDelta', after: string, cursor: string, at: string, left: Array<string>, changes: Array<{ subjectId: string, from: number | null, to: number, closeRank: number | null, points: number, user: { id: string, name: string, team: { name: string } | null } | null, team: { id: string, name: string } | null, department: { id: string, name: string } | null }> }
    | { __typename: 'LeaderboardSnapshot', cursor: string, takenAt: string, reason: SnapshotReason, standings: Array<{ rank: number, closeRank: number | null, points: number, user: { id: string, name: string, team: { name: string } | null } | null, team: { id: string, name: string } | null, department: { id: string, name: string } | null }> }
   };

export type FeedStreamSubscriptionVariables = Exact<{
  scope: FeedScope;
  kinds?: Array<FeedKind> | FeedKind | null | undefined;
  after?: string | null | undefined;
}>;


export type FeedStreamSubscription = { feed:
    | { __typename: 'FeedDelta', after: string, cursor: string, at: string, items: Array<{ id: string, kind: FeedKind, at: string, text: string, points: number | null, user: { id: string, name: string } | null, level: { number: number, title: string, threshold: number, benefits: Array<string> } | null }> }
    | { __typename: 'FeedSnapshot', cursor: string, takenAt: string, reason: SnapshotReason, items: Array<{ id: string, kind: FeedKind, at: string, text: string, points: number | null, user: { id: string, name: string } | null, level: { number: number, title: string, threshold: number, benefits: Array<string> } | null }> }
   };

export type StartPageQueryVariables = Exact<{ [key: string]: never; }>;


export type StartPageQuery = { viewer: { role: Role, user: { id: string, name: string } | null, tenant: { name: string, slug: string } }, leaderboards: { nodes: Array<{ id: string, name: string, subject: LeaderboardSubject, period: LeaderboardPeriod }> }, activityTypes: { nodes: Array<{ key: string, name: string, points: number, perUnit: boolean, active: boolean }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const BoardPageDocument = new TypedDocumentString(`
    query BoardPage($id: ID!) {
  viewer {
    user {
      id
      name
    }
    tenant {
      name
      slug
    }
  }
  leaderboard(id: $id) {
    id
    name
    subject
    period
    periodStart
    periodEnd
    timeZone
    size
  }
  leaderboards(first: 25) {
    nodes {
      id
      name
      subject
      period
    }
  }
}
    `) as unknown as TypedDocumentString<BoardPageQuery, BoardPageQueryVariables>;
export const OwnStandingDocument = new TypedDocumentString(`
    query OwnStanding($id: ID!, $subjectId: ID!) {
  leaderboard(id: $id) {
    standing(subjectId: $subjectId) {
      rank
      closeRank
      points
    }
  }
}
    `) as unknown as TypedDocumentString<OwnStandingQuery, OwnStandingQueryVariables>;
export const BoardStreamDocument = new TypedDocumentString(`
    subscription BoardStream($id: ID!, $top: Int!, $after: Cursor) {
  leaderboard(id: $id, top: $top, after: $after) {
    __typename
    ... on LeaderboardSnapshot {
      cursor
      takenAt
      reason
      standings {
        rank
        closeRank
        points
        user {
          id
          name
          team {
            name
          }
        }
        team {
          id
          name
        }
        department {
          id
          name
        }
      }
    }
    ... on LeaderboardDelta {
      after
      cursor
      at
      left
      changes {
        subjectId
        from
        to
        closeRank
        points
        user {
          id
          name
          team {
            name
          }
        }
        team {
          id
          name
        }
        department {
          id
          name
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<BoardStreamSubscription, BoardStreamSubscriptionVariables>;
export const FeedStreamDocument = new TypedDocumentString(`
    subscription FeedStream($scope: FeedScope!, $kinds: [FeedKind!], $after: Cursor) {
  feed(scope: $scope, kinds: $kinds, after: $after) {
    __typename
    ... on FeedSnapshot {
      cursor
      takenAt
      reason
      items {
        id
        kind
        at
        text
        points
        user {
          id
          name
        }
        level {
          number
          title
          threshold
          benefits
        }
      }
    }
    ... on FeedDelta {
      after
      cursor
      at
      items {
        id
        kind
        at
        text
        points
        user {
          id
          name
        }
        level {
          number
          title
          threshold
          benefits
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<FeedStreamSubscription, FeedStreamSubscriptionVariables>;
export const StartPageDocument = new TypedDocumentString(`
    query StartPage {
  viewer {
    user {
      id
      name
    }
    tenant {
      name
      slug
    }
    role
  }
  leaderboards(first: 25) {
    nodes {
      id
      name
      subject
      period
    }
  }
  activityTypes(first: 100) {
    nodes {
      key
      name
      points
      perUnit
      active
    }
  }
}
    `) as unknown as TypedDocumentString<StartPageQuery, StartPageQueryVariables>;