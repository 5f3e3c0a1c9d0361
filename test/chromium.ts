/** The pages in a real Chromium: opened without motion, everything that goes wrong on them noted, and judged by axe. */
import { existsSync, readFileSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

/** Where Chromium lies; undefined when there is none here. */
export const CHROMIUM = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  path => path && existsSync(path),
)
const AXE = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

/** Screens that pages are looked at on. */
export const SCREENS: [name: string, width: number, height: number, scheme: 'light' | 'dark'][] = [
  ['a desk', 1440, 900, 'light'],
  ['a dark desk', 1440, 900, 'dark'],
  ['a phone', 390, 844, 'light'],
  ['a dark phone', 390, 844, 'dark'],
]

/** Returns a browser; whoever asked for it closes it. */
export function launched(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM!, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}

/** How a page is opened; `token` is what its reader pasted before. */
export interface Opening { width: number; height: number; scheme?: 'light' | 'dark'; token?: string }

/**
 * Returns the page at `path` of the server at `url`, and what went wrong on it: errors, refused requests, and requests to anybody
 * else. It is closed after the test.
 */
export async function opened(browser: Browser, url: string, path: string, { width, height, scheme, token }: Opening) {
  // Without motion, so that no color is judged halfway through a fade.
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: scheme ?? 'light', reducedMotion: 'reduce', acceptDownloads: true,
  })
  onTestFinished(() => context.close())
  if (token) await context.addInitScript(`localStorage.setItem('laurel.token', ${JSON.stringify(token)})`)
  context.setDefaultTimeout(process.env.CI ? 60_000 : 15_000) // So that it says what it waited for.
  const page = await context.newPage()
  const wrong: string[] = []
  page.on('pageerror', error => wrong.push(error.message))
  page.on('console', message => {
    if (message.type() === 'error') wrong.push(message.text())
  })
  page.on('request', request => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) wrong.push(request.url())
  })
  page.on('websocket', socket => {
    if (new URL(socket.url()).host !== new URL(url).host) wrong.push(socket.url())
  })
  await page.goto(url + path)
  return { page, wrong }
}

/** Returns the barriers that axe finds on a page, each with where it is. */
export async function judged(page: Page): Promise<string[]> {
  const run = `(() => { const module = undefined, define = undefined; ${AXE}; return window.axe.run(document, {
    resultTypes: ['violations'] }) })()`
  const { violations } = (await page.evaluate(run)) as { violations: { id: string; nodes: { target: string[] }[] }[] }
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}
