/** The bounds of the house in one place: pages, batches, retries, buffers and windows. Units stand last in the names. */
export const LIMITS = {
  pageDefault: 25,
  pageMax: 100,
  nodesMax: 100,
  cursorLengthMax: 2_048, // A list cursor carries a name of up to 200 characters.
  batchItemsMax: 1_000,
  idempotencyKeyMin: 8,
  idempotencyKeyMax: 64,
  quantityMax: 1_000,
  noteLengthMax: 500,
  sourceLengthMax: 100,
  attributesMax: 20, // Of one activity.
  attributeLengthMax: 200,
  metricsMax: 200,
  hookSourcesMax: 50,
  hookBytesMax: 256 * 1_024,
  hookIdLengthMax: 200,
  hookToleranceMs: 5 * 60_000, // As Standard Webhooks advise.
  hookKeepMs: 30 * 86_400_000,
  mappingLengthMax: 16_384,
  importsMax: 200,
  importBytesMax: 20 * 1_048_576,
  importLinesMax: 200_000,
  importLineBytesMax: 64 * 1_024,
  importColumnsMax: 100,
  importLinesAtOnce: 1_000,
  importStepLines: 200,
  importTurnMs: 20_000,
  importPreviewLines: 50,
  importKeepMs: 30 * 86_400_000,
  recognitionPointsMax: 100, // Of one gift.
  recognitionMessageMax: 500,
  recognitionFigureMax: 10_000,
  recognitionSettingsMax: 100, // Versions shown, the newest.
  recognitionFlagGiftsMax: 100, // Shown of a ring.
  clientLengthMax: 200, // Of a client's or a deal's name.
  occurredAheadMaxMs: 5 * 60_000, // A clock may be a little ahead; a plan is not an activity.
  occurredBehindMaxMs: 10 * 365 * 86_400_000,
  revisionAheadMaxMs: 400 * 86_400_000, // Versions only follow one another: a slip of the year would lock a type for good.
  boostsMax: 50,
  boostTypesMax: 25,
  boostMaxMs: 92 * 86_400_000,
  freezesAtOnceMax: 10,
  freezesShownMax: 50,
  periodGraceMs: 24 * 3_600_000, // A period closes this long after its end.
  leaderboardTopMax: 500,
  leaderboardSubjectsMax: 1_000,
  leaderboardListMax: 1_000_000,
  growthFloorMax: 1_000_000,
  challengeSubjectsMax: 1_000,
  challengesOpenMax: 2_000,
  challengeDaysMax: 366,
  challengeTiersMax: 20,
  challengeRewardsMax: 10, // Of one tier.
  challengePartsMax: 5, // Of a combined measure.
  challengeKeysMax: 50,
  challengeLinksMax: 20,
  challengeGatherMs: 250,
  challengeCorrectionDays: 90, // For so long after its settlement a challenge is compared with its facts.
  tickMs: 50,
  deltaRingMax: 1_200,
  hubLingerMs: 120_000,
  feedSnapshotItems: 50,
  feedRingMax: 5_000,
  feedDeltaEvents: 500,
  eventReadMax: 1_000,
  relayRestMs: 5, // After a drain with events, so that a burst is numbered in handfuls.
  relayPollMs: 50, // The in-process signal wakes the relay sooner; this is the net under it.
  headPollMs: 1_000,
  markWaitMs: 2_000,
  marksRememberedMax: 200_000,
  pollWaitMaxMs: 25_000,
  writeRetriesMax: 5,
  transactionsGatheringMax: 2, // Of one tenant's intake; what comes meanwhile shares the next one.
  commandsWaitingMax: 10_000,
  requestBytesMax: 4 * 1_024 * 1_024,
  requestMs: 30_000, // A poll waits up to 25 s; what runs longer is cancelled.
  requestArrivalMs: 20_000, // For the whole request to arrive, so that nobody holds a line open by dribbling.
  headersArrivalMs: 10_000,
  headerBytesMax: 16 * 1_024,
  keepAliveMs: 72_000, // Longer than the proxies in front keep theirs.
  statementTimeoutMs: 15_000,
  recountTimeoutMs: 120_000, // A rebuild reads a whole board, outside any request.
  idleTransactionMs: 30_000,
  poolMax: 16,
  creditBytes: 64 * 1_024, // Unacknowledged bytes of a socket before its streams wait.
  creditAskBytes: 40 * 1_024, // The answer has the rest of the credit to arrive in.
  stalledMaxMs: 60_000,
  documentLengthMax: 100_000, // Characters; a document of 2,000 tokens has a third of them.
  documentTokensMax: 2_000,
  documentDepthMax: 12,
  introspectionDepthMax: 20, // graphql-js nests `ofType` nine times.
  documentRootFieldsMax: 20,
  documentAliasesMax: 50,
  documentDirectivesMax: 50,
  documentFragmentsMax: 100, // Defined and spread, as written.
  documentFieldsMax: 2_000, // With every fragment put in wherever it is spread.
  documentRepeatsMax: 1_000, // Pairs of fields that share a place; validation compares each pair.
  costMax: 1_000, // Of one operation, unless LAUREL_COST_MAX says otherwise.
  introspectionCost: 100,
  listSizeAssumed: 10, // Of a list that says nothing of its size.
  variablesDepthMax: 32,
  variableValuesMax: 50_000, // A batch of 1,000 activities has 10,000.
  documentsRememberedMax: 1_000,
  planFieldsMax: 2_000, // Fields of a remembered plan; fragments within fragments can be asked at many places.
  socketMessageBytesMax: 1_024 * 1_024,
  socketsPerTenantMax: 20_000,
  socketsPerTokenMax: 12_000,
  subscriptionsPerSocketMax: 100,
  socketMessagesPerSecondMax: 50,
  socketMessagesBurstMax: 200,
  rightsCheckMs: 30_000,
  workPollMs: 1_000, // A wake-up in the process is sooner; this finds what other nodes left and what has become due.
  workHeartbeatSeconds: 10, // Work of a node that died is taken over this long after its last sign of life.
  workExpireSeconds: 120,
  workRetriesMax: 20,
  workConnectionsMax: 3,
  workCloseMs: 500,
  webhookEndpointsMax: 50,
  webhookUrlLengthMax: 2_048,
  webhookDescriptionLengthMax: 500,
  webhookConnectMs: 10_000,
  webhookResponseMs: 10_000,
  webhookResponseBytesMax: 64 * 1_024, // Of a receiver's answer; it is read and forgotten.
  webhookLaneMs: 30_000, // One subject's messages in one go, before others get their turn.
  webhooksAtOnce: 16,
  webhooksAtOncePerEndpoint: 4,
  webhookEventsAtOnce: 20, // An event may carry 1,000 facts, each a message for each endpoint.
  webhookRowsAtOnce: 5_000,
  webhookWaitingMax: 100_000, // Messages that may wait for one endpoint before it is disabled.
  webhookKeepMs: 30 * 86_400_000,
  webhookPurgeRows: 5_000,
  webhookReplayMax: 1_000,
  webhookAttemptsShownMax: 100,
  webhookPreviousSecretHoursMax: 168,
  rankTellMs: 1_000,
  rankTellBoardsMax: 100,
  stepUpAgeMs: 15 * 60_000, // ZT-03.
  analyticsDaysMax: 366,
  benefitsShownMax: 100,
  badgesMax: 100,
  badgesShownMax: 200, // Of a person.
  badgeLevelsMax: 20,
  badgeBenefitsMax: 20,
  badgeTypesMax: 20,
  badgeSampleMax: 10_000,
  evidenceLengthMax: 2_000,
  skillPathsMax: 50,
  skillPointsMax: 1_000_000,
  skillClaimsShownMax: 100, // Of a person.
  issuersMax: 20,
  apiKeysMax: 100,
  screenTokensMax: 200,
  ruleDepthMax: 5,
  ruleNodesMax: 50,
  ruleBytesMax: 8 * 1_024,
  ruleListMax: 100,
  ruleWindowDaysMax: 366,
  ruleStepsMax: 1_000, // Occurrences of one rule that repeats by step, unless it says otherwise.
  ruleRanksMax: 100, // Of a board that closed, those that rules are told of.
  ruleSubjectsMax: 20_000, // People, teams and the tenant itself whose state the leading node remembers, of a tenant.
  ruleSettleSubjects: 200,
  ruleReadersMax: 200, // Tenants whose compiled rules a node remembers for its readers.
  rulePreviewEvents: 100_000,
  rulePreviewSample: 20,
  ruleChainMax: 8, // An unlock that unlocks another, and so on.
  auditWaitingMax: 5_000,
  auditAgentLengthMax: 200,
} as const
