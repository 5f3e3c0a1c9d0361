/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** A new version of an activity type; absent fields keep their value. */
export type ActivityTypeReviseInput = {
  /** Whether it may be recorded. */
  active?: boolean | null | undefined;
  /** What activities of it may carry, at most 20; what is declared already among them, as it is. */
  attributes?: Array<AttributeDefinitionInput> | null | undefined;
  /** From when it counts; now when absent. Not before the newest version. */
  effectiveFrom?: string | null | undefined;
  /** Key of the type. */
  key: string;
  /** Name for people, 1–200 characters. */
  name?: string | null | undefined;
  /** Whether points are multiplied by the quantity. */
  perUnit?: boolean | null | undefined;
  /** Points for one, within ±1,000,000. */
  points?: number | null | undefined;
};

/** An attribute that activities of a type may carry. */
export type AttributeDefinitionInput = {
  /** Places of a number, 0–4; 0 when absent. */
  decimals?: number | null | undefined;
  /** Its name: 1–64 letters, digits and _. */
  name: string;
  /** Whether a number may be negative; false when absent. */
  signed?: boolean | null | undefined;
  /** What it holds. */
  type: AttributeType;
};

/** What an attribute of activities holds. */
export type AttributeType =
  /** Yes or no. */
  | 'FLAG'
  /** A number with a fixed count of places. */
  | 'NUMBER'
  /** A text. */
  | 'TEXT';

/** How dates of a file are written; instants as RFC 3339 are read in any. */
export type DateOrder =
  /** 10.03.2026. */
  | 'DMY'
  /** 03/10/2026. */
  | 'MDY'
  /** 2026-03-10. */
  | 'YMD';

/** What kind of fact a mapping makes. */
export type DraftKind =
  /** An activity. */
  | 'ACTIVITY'
  /** A value of a metric. */
  | 'METRIC'
  /** A refund of it. */
  | 'REFUND'
  /** Recognized revenue. */
  | 'REVENUE';

/** Why a command was refused. Later versions may add values. */
export type ErrorCode =
  /** More than is left of one's allowance. */
  | 'ALLOWANCE_SPENT'
  /** Somebody has decided on it, or it has expired. */
  | 'ALREADY_DECIDED'
  /** The activity was taken back before. */
  | 'ALREADY_REVERSED'
  /** This role may not do it for this subject. */
  | 'FORBIDDEN'
  /** The key was sent before with another input. */
  | 'IDEMPOTENCY_CONFLICT'
  /** A value is malformed. */
  | 'INVALID'
  /** What was named does not exist in this tenant. */
  | 'NOT_FOUND'
  /** A number, a date or a list lies outside its bounds. */
  | 'OUT_OF_RANGE'
  /** A text holds what looks like a card number. */
  | 'PAN_REJECTED'
  /** It would reward oneself. */
  | 'SELF_AWARD'
  /** The name is in use. */
  | 'TAKEN';

/** What happened. Later versions add values. */
export type FeedKind =
  /** A level of a badge was earned. */
  | 'BADGE_EARNED'
  /** The target of a challenge was reached. */
  | 'CHALLENGE_COMPLETED'
  /** A person is asked to take part in a challenge. */
  | 'CHALLENGE_INVITED'
  /** A challenge was settled, and gave them something. */
  | 'CHALLENGE_WON'
  /** A level was entered, upward or downward. */
  | 'LEVEL_CHANGED'
  /** An activity paid points. */
  | 'POINTS_AWARDED'
  /** An activity was taken back with its points. */
  | 'POINTS_REVERSED'
  /** Somebody gave a colleague points, with a message. */
  | 'RECOGNITION_GIVEN'
  /** A milestone of a skill was completed. */
  | 'SKILL_COMPLETED';

/** Whose news. */
export type FeedScope =
  /** What is about me. */
  | 'ME'
  /** What is about my primary team: its people at the time. */
  | 'TEAM'
  /** Everything. */
  | 'TENANT';

/** A column and what it holds. */
export type ImportColumnInput = {
  /** Its place, from 0. */
  column: number;
  /** What it holds. */
  field: ImportField;
};

/** What a column holds. */
export type ImportField =
  /** Key of the activity type. */
  | 'ACTIVITY_TYPE'
  /** An amount in major units. */
  | 'AMOUNT'
  /** The client. */
  | 'CLIENT'
  /** A currency of ISO 4217. */
  | 'CURRENCY'
  /** The deal. */
  | 'DEAL'
  /** Key of the metric. */
  | 'METRIC'
  /** Free text. */
  | 'NOTE'
  /** A local date, or an instant as RFC 3339. */
  | 'OCCURRED_AT'
  /** The id in the source of the revenue that a refund gives back. */
  | 'ORIGINAL'
  /** The e-mail address of the person. */
  | 'OWNER_EMAIL'
  /** The id of the person. */
  | 'OWNER_ID'
  /** How many. */
  | 'QUANTITY'
  /** ONE_OFF, MONTH, QUARTER or YEAR, also monthly and so on. */
  | 'RECURRENCE'
  /** The id in the source; the same fact counts once. */
  | 'SOURCE_ID'
  /** The value of the metric. */
  | 'VALUE';

/** An import. */
export type ImportInput = {
  /** The import. */
  importId: string;
};

/** How a file is read. */
export type ImportSettingsInput = {
  /** What its columns hold, at most 15. */
  columns: Array<ImportColumnInput>;
  /** The currency of amounts that name none. */
  currency?: string | null | undefined;
  /** How dates are written. */
  dateOrder?: DateOrder;
  /** Between units and fractions: "." or ",". */
  decimalSign?: string;
  /** What kind of facts it holds. */
  kind: DraftKind;
  /** The source of its facts, 1–100 characters. */
  source?: string;
  /** Between thousands; numbers have none when absent. */
  thousandsSeparator?: string | null | undefined;
};

/** An import to start. */
export type ImportStartInput = {
  /** The import. */
  importId: string;
  /** How its file is read; they stay. */
  settings: ImportSettingsInput;
};

/** Where an import stands. */
export type ImportState =
  /** It was stopped and may be resumed. */
  | 'CANCELED'
  /** Every line was recorded, repeated or refused. */
  | 'DONE'
  /** Its lines are being recorded. */
  | 'RUNNING'
  /** It waits to be started. */
  | 'UPLOADED'
  /** The file is coming in. */
  | 'UPLOADING';

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
  | 'SLOW_CLIENT'
  /** Somebody appeared on a board, disappeared from it, or stands there by another name. */
  | 'VISIBILITY';

export type AdminVisitQueryVariables = Exact<{ [key: string]: never; }>;


export type AdminVisitQuery = { viewer: { role: Role, user: { id: string, name: string, email: string } | null, tenant: { id: string, name: string, slug: string, timeZone: string, currency: string } } };

export type ActivityCatalogQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ActivityCatalogQuery = { activityTypes: { nodes: Array<{ id: string, key: string, name: string, category: string, points: number, perUnit: boolean, active: boolean, version: number, effectiveFrom: string, planned: { id: string, version: number, points: number, perUnit: boolean, active: boolean, effectiveFrom: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ActivityVersionsQueryVariables = Exact<{
  id: string;
}>;


export type ActivityVersionsQuery = { node:
    | { key: string, versions: Array<{ id: string, version: number, name: string, points: number, perUnit: boolean, active: boolean, effectiveFrom: string }> }
    | Record<PropertyKey, never>
   | null };

export type ActivityReviseMutationVariables = Exact<{
  input: ActivityTypeReviseInput;
}>;


export type ActivityReviseMutation = { activityTypeRevise: { activityType: { id: string, version: number, effectiveFrom: string } | null, userErrors: Array<{ code: ErrorCode, message: string, field: Array<string> | null }> } };

export type ImportListQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ImportListQuery = { imports: { nodes: Array<{ id: string, name: string, state: ImportState, lineCount: number, doneCount: number, recorded: number, repeated: number, refused: number, createdAt: string, finishedAt: string | null, settings: { kind: DraftKind } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ImportCourseQueryVariables = Exact<{
  id: string;
}>;


export type ImportCourseQuery = { node:
    | { id: string, name: string, state: ImportState, header: Array<string>, lineCount: number, doneCount: number, recorded: number, repeated: number, refused: number, createdAt: string, startedAt: string | null, finishedAt: string | null, settings: { kind: DraftKind, source: string, decimalSign: string, thousandsSeparator: string | null, dateOrder: DateOrder, currency: string | null, columns: Array<{ column: number, field: ImportField }> } | null }
    | Record<PropertyKey, never>
   | null };

export type ImportPreviewQueryVariables = Exact<{
  id: string;
  settings?: ImportSettingsInput | null | undefined;
}>;


export type ImportPreviewQuery = { node:
    | { preview: { rows: Array<Array<string>>, settings: { kind: DraftKind, source: string, decimalSign: string, thousandsSeparator: string | null, dateOrder: DateOrder, currency: string | null, columns: Array<{ column: number, field: ImportField }> }, drafts: Array<{ place: number, fact: DraftKind | null, occurredAt: string | null, client: string | null, deal: string | null, recurrence: string | null, sourceId: string | null, key: string | null, value: string | null, amount: { amount: string, currency: string } | null, flaw: { code: string, field: string, message: string } | null }> } }
    | Record<PropertyKey, never>
   | null };

export type ImportRefusalsQueryVariables = Exact<{
  id: string;
  after?: string | null | undefined;
}>;


export type ImportRefusalsQuery = { node:
    | { errors: { nodes: Array<{ line: number, code: string, field: string, message: string }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } }
    | Record<PropertyKey, never>
   | null };

export type ImportStartMutationVariables = Exact<{
  input: ImportStartInput;
}>;


export type ImportStartMutation = { importStart: { factImport: { id: string, state: ImportState } | null, userErrors: Array<{ code: ErrorCode, message: string, field: Array<string> | null }> } };

export type ImportCancelMutationVariables = Exact<{
  input: ImportInput;
}>;


export type ImportCancelMutation = { importCancel: { factImport: { id: string, state: ImportState } | null, userErrors: Array<{ code: ErrorCode, message: string, field: Array<string> | null }> } };

export type ImportResumeMutationVariables = Exact<{
  input: ImportInput;
}>;


export type ImportResumeMutation = { importResume: { factImport: { id: string, state: ImportState } | null, userErrors: Array<{ code: ErrorCode, message: string, field: Array<string> | null }> } };

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
    | { __typename: 'LeaderboardDelta', after: string, cursor: string, at: string, left: Array<string>, changes: Array<{ subjectId: string, from: number | null, to: number, closeRank: number | null, points: number, pseudonym: string | null, user: { id: string, name: string, team: { name: string } | null } | null, team: { id: string, name: string } | null, department: { id: string, name: string } | null }> }
    | { __typename: 'LeaderboardSnapshot', cursor: string, takenAt: string, reason: SnapshotReason, standings: Array<{ subjectId: string, rank: number, closeRank: number | null, points: number, pseudonym: string | null, user: { id: string, name: string, team: { name: string } | null } | null, team: { id: string, name: string } | null, department: { id: string, name: string } | null }> }
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

export const AdminVisitDocument = new TypedDocumentString(`
    query AdminVisit {
  viewer {
    role
    user {
      id
      name
      email
    }
    tenant {
      id
      name
      slug
      timeZone
      currency
    }
  }
}
    `) as unknown as TypedDocumentString<AdminVisitQuery, AdminVisitQueryVariables>;
export const ActivityCatalogDocument = new TypedDocumentString(`
    query ActivityCatalog($after: Cursor) {
  activityTypes(first: 100, after: $after) {
    nodes {
      id
      key
      name
      category
      points
      perUnit
      active
      version
      effectiveFrom
      planned {
        id
        version
        points
        perUnit
        active
        effectiveFrom
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<ActivityCatalogQuery, ActivityCatalogQueryVariables>;
export const ActivityVersionsDocument = new TypedDocumentString(`
    query ActivityVersions($id: ID!) {
  node(id: $id) {
    ... on ActivityType {
      key
      versions {
        id
        version
        name
        points
        perUnit
        active
        effectiveFrom
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ActivityVersionsQuery, ActivityVersionsQueryVariables>;
export const ActivityReviseDocument = new TypedDocumentString(`
    mutation ActivityRevise($input: ActivityTypeReviseInput!) {
  activityTypeRevise(input: $input) {
    activityType {
      id
      version
      effectiveFrom
    }
    userErrors {
      code
      message
      field
    }
  }
}
    `) as unknown as TypedDocumentString<ActivityReviseMutation, ActivityReviseMutationVariables>;
export const ImportListDocument = new TypedDocumentString(`
    query ImportList($after: Cursor) {
  imports(first: 25, after: $after) {
    nodes {
      id
      name
      state
      lineCount
      doneCount
      recorded
      repeated
      refused
      createdAt
      finishedAt
      settings {
        kind
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<ImportListQuery, ImportListQueryVariables>;
export const ImportCourseDocument = new TypedDocumentString(`
    query ImportCourse($id: ID!) {
  node(id: $id) {
    ... on FactImport {
      id
      name
      state
      header
      lineCount
      doneCount
      recorded
      repeated
      refused
      createdAt
      startedAt
      finishedAt
      settings {
        kind
        source
        decimalSign
        thousandsSeparator
        dateOrder
        currency
        columns {
          column
          field
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ImportCourseQuery, ImportCourseQueryVariables>;
export const ImportPreviewDocument = new TypedDocumentString(`
    query ImportPreview($id: ID!, $settings: ImportSettingsInput) {
  node(id: $id) {
    ... on FactImport {
      preview(settings: $settings) {
        settings {
          kind
          source
          decimalSign
          thousandsSeparator
          dateOrder
          currency
          columns {
            column
            field
          }
        }
        rows
        drafts {
          place
          fact
          amount {
            amount
            currency
          }
          occurredAt
          client
          deal
          recurrence
          sourceId
          key
          value
          flaw {
            code
            field
            message
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ImportPreviewQuery, ImportPreviewQueryVariables>;
export const ImportRefusalsDocument = new TypedDocumentString(`
    query ImportRefusals($id: ID!, $after: Cursor) {
  node(id: $id) {
    ... on FactImport {
      errors(first: 25, after: $after) {
        nodes {
          line
          code
          field
          message
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ImportRefusalsQuery, ImportRefusalsQueryVariables>;
export const ImportStartDocument = new TypedDocumentString(`
    mutation ImportStart($input: ImportStartInput!) {
  importStart(input: $input) {
    factImport {
      id
      state
    }
    userErrors {
      code
      message
      field
    }
  }
}
    `) as unknown as TypedDocumentString<ImportStartMutation, ImportStartMutationVariables>;
export const ImportCancelDocument = new TypedDocumentString(`
    mutation ImportCancel($input: ImportInput!) {
  importCancel(input: $input) {
    factImport {
      id
      state
    }
    userErrors {
      code
      message
      field
    }
  }
}
    `) as unknown as TypedDocumentString<ImportCancelMutation, ImportCancelMutationVariables>;
export const ImportResumeDocument = new TypedDocumentString(`
    mutation ImportResume($input: ImportInput!) {
  importResume(input: $input) {
    factImport {
      id
      state
    }
    userErrors {
      code
      message
      field
    }
  }
}
    `) as unknown as TypedDocumentString<ImportResumeMutation, ImportResumeMutationVariables>;
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
        subjectId
        rank
        closeRank
        points
        pseudonym
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
        pseudonym
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