import { expect, test } from 'vitest'
import { serverAudits } from 'graphql-http'
import { sharedNode } from './harness.ts'

// A page of a stranger can send a GET without asking first, so each one has to carry this header.
const asPromised: typeof fetch = (url, init) =>
  fetch(url as string, { ...init, headers: { ...init?.headers as object, 'apollo-require-preflight': 'true' } })

test('the audits of graphql-http pass in full: what MUST, what SHOULD and what MAY be', async () => {
  const { url } = await sharedNode()
  const audits = serverAudits({ url: `${url}/graphql`, fetchFn: asPromised })
  const results = await Promise.all(audits.map(audit => audit.fn()))
  expect(results.flatMap(({ id, name, status, ...rest }) =>
    status === 'ok' ? [] : [`${id} ${name}: ${status} ${'reason' in rest ? rest.reason : ''}`])).toEqual([])
  expect(results.length).toBeGreaterThanOrEqual(60)
})
