/** The pages in a real Chromium against a real server: what is on them, what they ask for, and whether everybody can use them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHROMIUM, judged, launched, opened, SCREENS } from '../test/chromium.ts'
import { demoToken, pauseSimulator, type ServerProcess, startServer } from '../test/processes.ts'
import type { DemoStatus } from './kit/demo.ts'

/** A row that is seen; those of other pages are there too. */
const SHOWN = '.row:not(.away) .pts'
const folder = mkdtempSync(join(tmpdir(), 'laurel-pages-'))
let server: ServerProcess
let browser: Browser
let boardId: string

test.runIf(!CHROMIUM)('NOTE: no Chromium here (set CHROMIUM to its path), so the pages are not looked at', () => undefined)

describe.runIf(CHROMIUM)('in Chromium', () => {
  beforeAll(async () => {
    server = await startServer({ LAUREL_DATA: folder })
    await pauseSimulator(server.url)
    boardId = ((await (await fetch(`${server.url}/demo/status`)).json()) as DemoStatus).firstBoardId ?? ''
    browser = await launched()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await server?.kill('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  })

  const open = (path: string, width: number, height: number, scheme: 'light' | 'dark' = 'light') =>
    opened(browser, server.url, path, { width, height, scheme })

  const PAGES: [string, () => string, string][] = [
    ['the start page', () => '/', '.mini .row'],
    ['the live board', () => `/live/${boardId}`, SHOWN],
    ['the explorer', () => '/explorer', '.docs li'],
  ]
  test.each(
    PAGES.flatMap(([name, path, ready]) => SCREENS.map(([screen, ...size]) => [name, screen, path, ready, size] as const)),
  )(
    '%s on %s has no barrier that axe knows, no error, and asks nobody but its own server',
    async (_name, _screen, path, ready, [width, height, scheme]) => {
      const { page, wrong } = await open(path(), width, height, scheme)
      if (ready !== '.docs li' || width > 1_100) await page.waitForSelector(ready)
      else await page.waitForSelector('.ask .cm-line')
      await page.waitForLoadState('networkidle')
      expect(await judged(page)).toEqual([])
      expect(wrong).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    },
  )

  test('what is recorded on the start page is told on the wall', async () => {
    const { page: wall } = await open(`/live/${boardId}`, 1_920, 1_080)
    await wall.waitForSelector(SHOWN)
    const { page } = await open('/', 1_440, 900)
    await page.getByRole('button', { name: 'Record: 4. First mutation' }).click()
    await page.getByText('"userErrors": []').waitFor()
    const answer = (await page.getByLabel('Answer: 4. First mutation').textContent()) ?? ''
    const points = Number(/"points": (\d+)/.exec(answer)?.[1])
    await wall.waitForFunction(text => document.querySelector('.feed li b')?.textContent === text, `+${points}`)
  })

  test('a board without a token, and one that is not there, say so in words', async () => {
    const { page } = await open('/live/ldb_00000000000000000000000000', 1_440, 900)
    await page.getByRole('heading', { name: 'There is no such board' }).waitFor()
    const { page: refused } = await open(`/live/${boardId}#token=not-a-token`, 1_440, 900)
    await refused.waitForSelector(SHOWN) // The refused token is forgotten, and the demo's own is taken.
    expect(await refused.evaluate('location.hash + localStorage.getItem("laurel.token")')).toBe('null')
  })

  test('a screen shows its board by a link, without sign-in or news of people, until the link is taken back', async () => {
    const token = await demoToken(server.url)
    const run = async (query: string) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query }),
      })
      return ((await response.json()) as { data: Record<string, { link: string; screenToken: { id: string } }> }).data
    }
    const { screenTokenCreate } = await run(`mutation { screenTokenCreate(input: {
      name: "Lobby", leaderboardIds: ["${boardId}"] }) { link screenToken { id } } }`)
    const { link, screenToken } = screenTokenCreate!
    for (const [width, height] of [
      [1_920, 1_080],
      [390, 844],
    ] as const) {
      const { page, wrong } = await open(link, width, height)
      await page.waitForSelector(SHOWN)
      await page.waitForLoadState('networkidle')
      expect(await page.evaluate('location.hash')).toBe('')
      await page.reload() // The link is in the screen's memory now, not in its address.
      await page.waitForSelector(SHOWN)
      await page.waitForLoadState('networkidle')
      expect(await page.locator('.feed').count()).toBe(0)
      expect(await judged(page)).toEqual([])
      expect(wrong).toEqual([])
    }
    const { page } = await open(link, 1_920, 1_080)
    await page.getByRole('heading', { name: 'How to read it' }).waitFor()
    await run(`mutation { screenTokenRevoke(input: { screenTokenId: "${screenToken.id}" }) { mark } }`)
    await expect.poll(() => page.evaluate('localStorage.getItem("laurel.screen")'), { timeout: 20_000 }).toBeNull()
  })

  test('a long name of a board ends before the clock', async () => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await demoToken(server.url)}` },
      body: JSON.stringify({
        query: `mutation { leaderboardCreate(input: { name: "${'A board of many words '.repeat(8)}", subject: USER,
          period: DAILY }) { leaderboard { id } } }`,
      }),
    })
    const { data } = (await response.json()) as { data: { leaderboardCreate: { leaderboard: { id: string } } } }
    const { page } = await open(`/live/${data.leaderboardCreate.leaderboard.id}`, 1_440, 900)
    const [title, clock] = await Promise.all(['h1', '.cd'].map(name => page.locator(`header ${name}`).first().boundingBox()))
    expect(title!.x + title!.width).toBeLessThanOrEqual(clock!.x)
    expect(title!.width).toBeGreaterThan(700)
  })

  test('the wall reads as a table, and its buttons are reached by keyboard', async () => {
    const { page } = await open(`/live/${boardId}`, 1_440, 900)
    await page.waitForSelector(SHOWN)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const ranks = await page.locator('.table-view tbody td:first-child').allTextContents()
    expect(ranks.map(Number)).toEqual(ranks.map(Number).toSorted((a, b) => a - b))
    expect(ranks.length).toBe(20)
    expect(await judged(page)).toEqual([])
  })

  test('the explorer runs a query, shows a refusal by the schema, and follows a subscription', async () => {
    const { page } = await open('/explorer', 1_440, 900)
    await page.waitForSelector('.docs li')
    await page.getByRole('button', { name: 'Run' }).click()
    await page.locator('.answer .cm-content').getByText('standings').waitFor()
    await page.getByRole('button', { name: 'Board', exact: true }).click()
    await page.getByRole('button', { name: 'Run' }).click()
    await page.locator('.messages summary').getByText('LeaderboardSnapshot').waitFor()
    // It goes on while another tab records what it tells.
    await page.getByRole('button', { name: 'FirstActivity', exact: true }).click()
    await page.getByText('Run an operation with').waitFor()
    await page.getByRole('button', { name: 'Run' }).click()
    await page.locator('.answer .cm-content').getByText('"userErrors": []').waitFor()
    await page.getByRole('button', { name: 'Board, live' }).click()
    await page.locator('.messages summary').getByText('LeaderboardDelta').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('stopped here').waitFor()
    expect(await page.getByRole('button', { name: 'Board', exact: true }).count()).toBe(1)
    await page.getByRole('button', { name: 'New tab' }).click()
    await page.locator('.cm-content[aria-label="Operation"]').click()
    await page.keyboard.type('{ viewer { nothing ')
    await page.waitForSelector('.cm-lintRange-error')
  })
})
