/** The admin pages of imports in a real Chromium: a file is given, read, tried, imported, stopped and resumed. */
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LaurelNode } from '../src/node.ts'
import { buildPages } from '../src/pages.ts'
import { CHROMIUM, judged, launched, opened } from './chromium.ts'
import { tenantOn, testNode, type TestTenant } from './harness.ts'

const HEADER = 'Invoice No;Date;Customer;Sales Rep E-Mail;Amount;Billing;Remarks'
const give = (page: Page, name: string, lines: readonly string[], header = HEADER) =>
  page.getByLabel('Choose a CSV file')
    .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from([header, ...lines].join('\r\n')) })
const booksOf = async (acme: TestTenant) => (await acme.sql(`select count(*) as facts,
  coalesce(sum(amount_minor), 0)::text as sum, min(source) as source from revenue_fact`))[0]!
let node: LaurelNode
let browser: Browser

test.runIf(!CHROMIUM)('NOTE: no Chromium here (set CHROMIUM to its path), so the pages are not looked at', () => undefined)

describe.runIf(CHROMIUM)('in Chromium', () => {
  beforeAll(async () => {
    node = await testNode({ pages: await buildPages(() => undefined, new AbortController().signal) })
    browser = await launched()
  }, 120_000)
  afterAll(() => browser?.close())

  const company = (...people: string[]) => tenantOn(node, { timeZone: 'Europe/Berlin' }, ...people)

  test.each([
    ['a desk', 1_440, 900, 'light'], ['a dark phone', 390, 844, 'dark'],
  ] as const)('on %s a file is read as it is written, tried without writing, imported, and its refused lines are saved',
    async (_name, width, height, scheme) => {
      const acme = await company('ann:ADMIN')
      const { page, wrong } = await opened(browser, node.url, '/admin/imports',
        { width, height, scheme, token: acme.as('ann').token })
      const good = async () => {
        expect(await judged(page)).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      }
      await page.getByRole('heading', { name: 'No files in the last 30 days' }).waitFor()
      await good()
      await give(page, 'march.csv', [
        `R-1;10.03.2026;Globex;ann@${acme.slug}.example;"1.234,50";monthly;x`, 'R-2;31.02.2026;Hooli;;"1,00";;x',
        'R-3;12.03.2026;Hooli;nobody@nowhere.example;"2,00";;x', 'R-4;13.03.2026;"Initech; Inc";;"12,00";;x',
      ])
      await page.getByText('of 4 would be recorded, 2 refused').waitFor()
      expect(await page.getByLabel('Numbers are written').locator('option:checked').textContent()).toBe('1.234,50')
      expect(await page.getByLabel('Dates are written').locator('option:checked').textContent()).toBe('10.03.2026')
      expect(await page.locator('.preview tbody tr').first().locator('td').allTextContents())
        .toEqual(['1', 'March 10, 2026', '€1,234.50', 'monthly', 'Globex', 'none', `ann@${acme.slug}.example`, 'R-1'])
      expect(await page.locator('.flaws li').first().textContent()).toMatch(/^Line 2 Date: "31.02.2026" is no date/)
      await good()

      await page.getByLabel('Amount').selectOption('left out')
      await page.getByText('Say which column holds: amount.').waitFor()
      await page.getByRole('button', { name: 'Import 4 lines', disabled: true }).waitFor()
      await page.getByLabel('Amount').selectOption('Amount')
      await page.getByLabel('Currency').selectOption('each line names it')
      await page.getByText('Name a currency, or the column that holds it.').waitFor()
      expect(await page.getByLabel('Currency').getAttribute('aria-invalid')).toBe('true')
      await page.getByLabel('Currency').selectOption('USD')
      await page.getByText('$1,234.50').waitFor()
      await page.getByLabel('Currency').selectOption('EUR')
      await page.getByLabel('Source').fill('billing')
      await page.getByText('of 4 would be recorded, 2 refused').waitFor()
      expect(await booksOf(acme)).toEqual({ facts: 0, sum: '0', source: null })

      await page.getByRole('button', { name: 'Import 4 lines', disabled: false }).press('Enter')
      await page.getByText('4 of 4 lines').waitFor()
      await page.getByText('march.csv is imported. 2 lines were refused.').waitFor()
      expect(await booksOf(acme)).toEqual({ facts: 2, sum: '124650', source: 'billing' })
      expect(await page.getByRole('progressbar').getAttribute('aria-valuetext')).toBe('4 of 4 lines, 100%')
      await good()
      const [saved] = await Promise.all([
        page.waitForEvent('download'), page.getByRole('button', { name: 'Save them as CSV' }).click(),
      ])
      expect(saved.suggestedFilename()).toBe('march-refused.csv')
      expect(readFileSync(await saved.path(), 'utf8').split('\r\n')[2]).toBe(
        '"3","NOT_FOUND","user","There is no such person.","R-3","12.03.2026","Hooli","nobody@nowhere.example","2,00","","x"')
      expect(wrong).toEqual([])
    })

  test('a running import is stopped, keeps what is recorded, and goes on to the end', async () => {
    const acme = await company('ann:ADMIN')
    const { page, wrong } = await opened(browser, node.url, '/admin/imports',
      { width: 1_440, height: 900, token: acme.as('ann').token })
    await give(page, 'many.csv', Array.from({ length: 8_000 }, (_, at) => `${at};2026-03-10;1.00`), 'id;date;amount')
    await page.getByRole('button', { name: 'Import 8,000 lines' }).click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('many.csv is stopped. What was recorded stays.').waitFor()
    await page.getByRole('button', { name: 'Go on' }).waitFor()
    const stopped = async () => (await acme.sql('select state, next_line as next from fact_import'))[0]!
    const { state, next } = await stopped()
    expect(state).toBe('CANCELED')
    expect(next).toBeLessThan(8_000)
    await page.getByRole('button', { name: 'Go on' }).press('Enter')
    await page.getByText('many.csv is imported. No line was refused.').waitFor()
    expect(await booksOf(acme)).toEqual({ facts: 8_000, sum: '800000', source: 'import' })
    await page.getByRole('link', { name: 'Imports' }).first().click()
    await page.getByText('8,000 of 8,000 lines').waitFor()
    expect(await page.locator('.files tbody tr').count()).toBe(1)
    expect(wrong).toEqual([])
  })

  test('a file that is none is refused in words, and nothing of it is kept', async () => {
    const acme = await company('ann:ADMIN')
    const { page } = await opened(browser, node.url, '/admin/imports', { width: 1_440, height: 900, token: acme.as('ann').token })
    await give(page, 'empty.csv', [], 'id;date')
    await page.getByText('The file needs a first line with names and at least one line more.').waitFor()
    expect(await acme.sql('select id from fact_import')).toEqual([])
    await page.goto(`${node.url}/admin/imports/imp_00000000000000000000000000`)
    await page.getByRole('heading', { name: 'There is no such import' }).waitFor()
  })

  test('finance imports, and sees nothing else of the admin pages', async () => {
    const acme = await company('fay:FINANCE')
    const { page } = await opened(browser, node.url, '/admin', { width: 1_440, height: 900, token: acme.as('fay').token })
    await page.getByRole('heading', { name: 'Imports' }).waitFor()
    expect(await page.getByRole('navigation', { name: 'Admin' }).getByRole('link').allTextContents()).toEqual(['Imports'])
    await page.goto(`${node.url}/admin/activities`)
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  })
})
