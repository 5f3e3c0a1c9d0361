/** The admin pages in a real Chromium, over a tenant of each test's own. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LaurelNode } from '../src/node.ts'
import { buildPages } from '../src/pages.ts'
import { CHROMIUM, judged, launched, opened, SCREENS } from './chromium.ts'
import { tenantOn, testNode, type TestTenant } from './harness.ts'

const DESK = { width: 1_440, height: 900 }
let node: LaurelNode
let browser: Browser

test.runIf(!CHROMIUM)('NOTE: no Chromium here (set CHROMIUM to its path), so the pages are not looked at', () => undefined)

describe.runIf(CHROMIUM)('in Chromium', () => {
  beforeAll(async () => {
    const pages = await buildPages(() => undefined, new AbortController().signal)
    node = await testNode({ pages })
    browser = await launched()
  }, 120_000)
  afterAll(() => browser?.close())

  const company = (...people: string[]) => tenantOn(node, { timeZone: 'Europe/Berlin' }, ...people)
  const open = (acme: TestTenant, name: string, path: string, screen: Partial<typeof DESK & { scheme: 'light' | 'dark' }> = {}) =>
    opened(browser, node.url, path, { ...DESK, ...screen, token: acme.as(name).token })
  const versions = (acme: TestTenant) => acme.sql(
    `select version, points, name, effective_from as "from" from activity_type where key = 'team_support' order by version`)

  test.each(SCREENS)('the catalog on %s has no barrier that axe knows, no error, and asks nobody but its own server',
    async (_name, width, height, scheme) => {
      const acme = await company('ann:ADMIN')
      for (const [path, ready] of [['/admin', 'Cross-team project'], ['/admin/activities/team_support', 'in force']] as const) {
        const { page, wrong } = await open(acme, 'ann', path, { width, height, scheme })
        await page.getByText(ready).first().waitFor()
        await page.waitForLoadState('networkidle')
        expect(await judged(page)).toEqual([])
        expect(wrong).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      }
    })

  test('without a token one is asked for it, and a refused one is told so at its field', async () => {
    const { page } = await opened(browser, node.url, '/admin', DESK)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByLabel('Token').fill('not-a-token')
    await page.getByRole('button', { name: 'Use this token' }).click()
    await page.getByText('The server refused that token.').waitFor()
    expect(await page.getByLabel('Token').getAttribute('aria-invalid')).toBe('true')
    const acme = await company('ann:ADMIN')
    await page.getByLabel('Token').fill(acme.as('ann').token)
    await page.getByRole('button', { name: 'Use this token' }).click()
    await page.getByRole('heading', { name: 'Activities' }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.evaluate('localStorage.getItem("laurel.token")')).toBeNull()
  })

  test('whoever is no administrator is told so, and why', async () => {
    const acme = await company('bob')
    const { page, wrong } = await open(acme, 'bob', '/admin/activities')
    await page.getByRole('heading', { name: 'These pages are for administrators' }).waitFor()
    await page.getByText(`You are signed in as bob with the role member. Only an administrator of Tenant ${acme.slug}`).waitFor()
    expect(await page.getByText('Cross-team project').count()).toBe(0)
    expect(await judged(page)).toEqual([])
    expect(wrong).toEqual([])
  })

  test('a version is published by keyboard from a day of the tenant on, and shown as planned', async () => {
    const acme = await company('ann:ADMIN')
    const { page, wrong } = await open(acme, 'ann', '/admin/activities')
    await page.getByLabel('Search activities').fill('support')
    await page.getByText('1 of 25 activities').waitFor()
    await page.getByRole('link', { name: 'Team support' }).press('Enter')
    await page.getByLabel('Points for one').fill('40')
    expect(await page.evaluate('document.title')).toBe('Team support · Laurel')
    await page.getByLabel('A day', { exact: true }).check()
    const day = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10)
    await page.getByLabel('First day').fill(day)
    await page.getByText('pays 40 points instead of 25').waitFor()
    await page.getByRole('button', { name: 'Publish version 2' }).press('Enter')
    await page.getByText('Version 2 of Team support is published.').waitFor()
    await page.locator('.versions li').getByText('planned').waitFor()
    const [first, second] = await versions(acme)
    expect([first!.points, second!.points]).toEqual([25, 40])
    expect(new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Berlin', dateStyle: 'short', timeStyle: 'medium' })
      .format(second!.from as Date)).toBe(`${day} 00:00:00`)
    expect(await page.locator('.row-link.here').getByText('40').count()).toBe(1)
    // What is planned cannot be overtaken: "now" is no longer offered.
    expect(await page.getByLabel('Now', { exact: true }).isDisabled()).toBe(true)
    expect(wrong).toEqual([])
  })

  test('a refusal stands at its field, and nothing is written', async () => {
    const acme = await company('ann:ADMIN')
    const { page } = await open(acme, 'ann', '/admin/activities/team_support')
    await page.getByLabel('Points for one').fill('25.5')
    await page.getByText('A whole number, such as 25.').waitFor()
    await page.getByLabel('Points for one').fill('2000000')
    await page.getByRole('button', { name: 'Publish version 2' }).click()
    await page.getByText('points must lie within ±1,000,000.').waitFor()
    expect(await page.getByLabel('Points for one').getAttribute('aria-invalid')).toBe('true')
    expect(await versions(acme)).toHaveLength(1)
  })

  test('the address, the way back and a place that is not there are told as a page would tell them', async () => {
    const acme = await company('ann:ADMIN')
    const { page } = await open(acme, 'ann', '/admin')
    await page.getByRole('link', { name: 'Team support' }).click()
    await page.getByRole('heading', { name: 'Team support' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/admin/activities/team_support')
    await page.getByText('in force').waitFor()
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Team support')
    await page.goBack()
    await page.getByText('Choose an activity').waitFor()
    await page.goto(`${node.url}/admin/nothing`)
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  })
})
