/** The limits as a page, docs/reference/limits.md: what binds a client, printed from the numbers that bind. */
import { LIMITS } from '../platform/limits.ts'

const count = (value: number) => value.toLocaleString('en-US')
const size = (bytes: number) => bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MB` : `${bytes / 2 ** 10} KB`
const seconds = (ms: number) => `${count(ms / 1_000)} s`
const L = LIMITS

type Row = [what: string, limit: string, beyond: string]

const DOCUMENT: Row[] = [
  ['length of the text', `${count(L.documentLengthMax)} characters`, '`TOO_COSTLY`'],
  ['tokens', count(L.documentTokensMax), '`BAD_REQUEST`'],
  ['depth, through lists and fragments', `${L.documentDepthMax} levels`, '`TOO_COSTLY`'],
  ['depth below `__schema` and `__type`, and of a fragment by itself', `${L.introspectionDepthMax} levels`, '`TOO_COSTLY`'],
  ['fields at the root', count(L.documentRootFieldsMax), '`TOO_COSTLY`'],
  ['aliases', count(L.documentAliasesMax), '`TOO_COSTLY`'],
  ['directives', count(L.documentDirectivesMax), '`TOO_COSTLY`'],
  ['fragments, defined and spread', count(L.documentFragmentsMax), '`TOO_COSTLY`'],
  ['fields, with every fragment put in', count(L.documentFieldsMax), '`TOO_COSTLY`'],
  ['pairs of fields that share a place in the answer', count(L.documentRepeatsMax), '`TOO_COSTLY`'],
  ['a fragment within itself', 'none', '`BAD_REQUEST`'],
  ['values in the variables', count(L.variableValuesMax), '`BAD_REQUEST`'],
  ['depth of the variables', `${L.variablesDepthMax} levels`, '`BAD_REQUEST`'],
]

const REQUEST: Row[] = [
  ['operations a request', '1; lists of operations (batching) are not taken', '400'],
  ['size of a body', size(L.requestBytesMax), '413'],
  ['compressed bodies (`Content-Encoding`)', 'none: they may grow a thousandfold', '415'],
  ['size of the headers', size(L.headerBytesMax), '431'],
  ['for the headers to arrive', seconds(L.headersArrivalMs), '408, and the line is cut'],
  ['for the request to arrive', seconds(L.requestArrivalMs), '408, and the line is cut'],
  ['for the answer', seconds(L.requestMs), '503 `UNAVAILABLE`; its work is cancelled and rolled back'],
  ['one SQL statement', seconds(L.statementTimeoutMs), '`UNAVAILABLE`'],
]

const SOCKET: Row[] = [
  ['size of a message, also once it is inflated', size(L.socketMessageBytesMax), '1009'],
  ['messages a second', `${L.socketMessagesPerSecondMax}, bursts of ${L.socketMessagesBurstMax}`, '1013'],
  ['operations at a time on a socket', count(L.subscriptionsPerSocketMax), '`RATE_LIMITED`'],
  ['sockets of a token', count(L.socketsPerTokenMax), '1013'],
  ['sockets of a tenant', count(L.socketsPerTenantMax), '1013'],
  ['bytes that a reader has not acknowledged', size(L.creditBytes), 'its streams wait'],
  ['without any progress', seconds(L.stalledMaxMs), '1013'],
]

const VALUE: Row[] = [
  ['`first`', `1–${L.pageMax}`, '`BAD_REQUEST`'],
  ['`top`', `1–${L.leaderboardTopMax}`, '`BAD_REQUEST`'],
  ['`ids`', `at most ${L.nodesMax}`, '`BAD_REQUEST`'],
  ['activities in a batch', `1–${count(L.batchItemsMax)}`, '`OUT_OF_RANGE`'],
  ['`waitMs`', `0–${count(L.pollWaitMaxMs)}`, '`BAD_REQUEST`'],
  ['length of a cursor', `${count(L.cursorLengthMax)} characters`, '`BAD_REQUEST`'],
]

const table = (head: Row, rows: readonly Row[]) =>
  [head, ['---', '---', '---'], ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')

const TRUSTED = `## Trusted documents
\`LAUREL_DOCUMENTS\` names a file of documents by the SHA-256 of their texts. This writes one with those of the pages
and your own:

\`\`\`
npm run -s documents -- mine/*.graphql > documents.json
\`\`\`

A request may then send the hash alone, over HTTP or over a socket (there with \`query: ""\`):

\`\`\`json
{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"…64 hexadecimal digits…"}},"variables":{}}
\`\`\`

Unless \`LAUREL_DOCUMENTS_ONLY=on\`, an unknown hash answers \`PERSISTED_QUERY_NOT_FOUND\`; the document sent once
with its hash is then known to this node, as Apollo's clients do by themselves. With it, nothing but the documents of
the file is answered.
`

/** Returns the page. */
export function limitsText(): string {
  return `# Limits
Printed from \`src/platform/limits.ts\` by \`npm run schema\`. All doors (HTTP, WebSocket, server-sent events, REST)
keep the same ones.

## Documents
A document is measured before it is validated, in one pass, so that none can hold a server up. An error names the
\`bound\`, what was \`found\` and the \`max\`.

${table(['what', 'limit', 'beyond it'], DOCUMENT)}

## Cost
An operation may cost at most ${count(L.costMax)} (\`LAUREL_COST_MAX\`). Cost counts the things that an answer may
hold:

- A thing costs 1. Its scalars cost nothing, and neither does a thing of which only \`id\` is asked.
- A list costs its size times what is asked of one item. The size is \`first\`, \`top\`, \`days\` or the number of
  \`ids\`, as given, from a variable or by default; other lists say their own, else ${L.listSizeAssumed} is assumed.
- Of the possible types of an interface or a union the costliest counts. Connections, edges, payloads and messages
  cost nothing themselves.
- A command costs at least 1, a batch at least one for each item, the schema (\`__schema\`, \`__type\`)
  ${L.introspectionCost}.

Every answer over HTTP says so, as does the one answer to a query or command over a socket; the messages of a stream
do not:

\`\`\`json
{"data":{"viewer":{"role":"ADMIN"}},"extensions":{"cost":{"requested":1,"limit":1000,"remaining":{"requests":119,"cost":24999}}}}
\`\`\`

\`remaining\` is the least of the quotas that the operation was charged to, null where there are none. What costs more
is refused with \`TOO_COSTLY\` and the same \`requested\` and \`limit\`: ask for smaller pages, fewer lists within
lists, or less of each item.

## Quotas
Each tenant, each person, and each key or screen has a bucket of operations and one of cost. It holds a minute's
worth, refills steadily, and is kept by all nodes together where there is Redis, by each node where there is none or
while it is away. The settings are \`LAUREL_QUOTA_TENANT\`, \`LAUREL_QUOTA_USER\` and \`LAUREL_QUOTA_KEY\`; the demo
has none. A stream is charged once, when it begins, to the person alone: when a node drains, a whole tenant comes back
at once. Requests without a valid token are counted by address (\`LAUREL_QUOTA_ANONYMOUS\`), by each node.

An empty bucket answers \`RATE_LIMITED\` with \`retryAfterMs\`; over HTTP with status 429 and \`Retry-After\`
(seconds).

## Requests over HTTP
${table(['what', 'limit', 'beyond it'], REQUEST)}

A request to GraphQL names a content type that a form cannot send, or the header \`apollo-require-preflight\`; else it
answers 400. A page of another origin is answered 403 unless \`LAUREL_ORIGINS\` names it.

## Sockets
${table(['what', 'limit', 'beyond it'], SOCKET)}

## Values
${table(['what', 'limit', 'beyond it'], VALUE)}

${TRUSTED}`
}
