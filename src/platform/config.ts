/** The settings, read once from the environment: what each means, its default, and the sentence for a wrong one. */
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { parseFault, type PlannedFault } from './faults.ts'
import { LIMITS } from './limits.ts'
import { projectRoot } from './project.ts'
import { StartError } from './start-error.ts'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** How much is logged, from least to most, and `silent`. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The settings of one process; frozen. A URL that was not given is undefined. */
export interface Config {
  /** TCP port of the doors; 0 lets the system choose a free one. */
  readonly port: number
  readonly host: string
  /** Absolute path of the folder of the embedded PostgreSQL. */
  readonly folder: string
  /** Owner's connection to a PostgreSQL of one's own; undefined means the embedded one. */
  readonly databaseUrl: string | undefined
  /** Connection for requests, when the operator made the roles. */
  readonly databaseAppUrl: string | undefined
  readonly redisUrl: string | undefined
  /** Whether the demo tenant, its tokens and its simulator are offered. */
  readonly demo: boolean
  readonly logLevel: LogLevel
  readonly production: boolean
  /** Whether this node drains the outbox. */
  readonly relay: boolean
  /** Whether webhooks may go to loopback and private addresses, and over plain http. */
  readonly webhooksPrivate: boolean
  /** Whether the keys of issuers may be fetched from loopback and private addresses, and over plain http. */
  readonly issuersPrivate: boolean
  /** Where this node stands, as tenants' standards name regions. */
  readonly region: string | undefined
  /** For how many days the audit is kept; undefined for ever. */
  readonly auditDays: number | undefined
  /** Where traces go; undefined for nowhere. */
  readonly tracesUrl: string | undefined
  /** What is to go wrong on purpose; null when nothing is. */
  readonly fault: PlannedFault | null
  /** What requests may ask and cost, and from where browsers may send them. */
  readonly limits: LimitConfig
}

/** Operations and cost a minute. */
export interface QuotaConfig { requests: number; cost: number }

/** The settings about limits; a quota of null is none. */
export interface LimitConfig {
  readonly introspection: boolean
  readonly costMax: number
  readonly quotas: {
    readonly tenant: QuotaConfig | null; readonly user: QuotaConfig | null; readonly key: QuotaConfig | null
    readonly anonymous: number | null
  }
  readonly origins: readonly string[]
  readonly isBehindTls: boolean
  /** Path of the manifest of trusted documents. */
  readonly documents: string | undefined
  readonly isStrict: boolean
}

type Environment = Record<string, string | undefined>

/** Every setting with its meaning and its default, as `--help` and the reference print them. */
export const SETTINGS = [
  setting('PORT', '4000', 'port of the API and the pages; 0 takes any free one'),
  setting('HOST', '127.0.0.1', 'address to listen on; 0.0.0.0 for all'),
  setting('LAUREL_DATA', '.data here; as root /var/lib/laurel/<hash of this path>', 'folder of the embedded PostgreSQL'),
  setting('DATABASE_URL', 'the embedded one', 'PostgreSQL 15 to 18, as a role that owns the schema and may create roles'),
  setting('DATABASE_APP_URL', 'made at start', 'the same database as the role for requests, when you make the roles'),
  setting('REDIS_URL', 'none, for one node', 'Redis or Valkey that carries events between nodes'),
  setting('LAUREL_DEMO', '1 without DATABASE_URL', '1 or 0: demo tenant, tokens and simulator; refused in production'),
  setting('LAUREL_RELAY', 'on', 'on or off: whether this node drains the outbox, reacts, and sends webhooks'),
  setting(
    'LAUREL_WEBHOOKS_PRIVATE', 'refuse',
    'allow or refuse: webhooks to loopback and private addresses, and over plain http'),
  setting('LAUREL_ISSUERS_PRIVATE', 'refuse', 'allow or refuse: keys of identity providers from private addresses'),
  setting('LAUREL_REGION', 'none', 'where this node stands, such as eu-central-1: tenants may allow some regions only'),
  setting('LAUREL_AUDIT_DAYS', 'for ever', 'days to keep the audit; never fewer than a tenant\'s standards ask'),
  setting('LAUREL_COST_MAX', String(LIMITS.costMax), 'most that one operation may cost'),
  setting('LAUREL_QUOTA_TENANT', '600,50000; off in the demo', 'operations and cost a minute of a tenant, or off'),
  setting('LAUREL_QUOTA_USER', '120,25000; off in the demo', 'operations and cost a minute of each person, or off'),
  setting('LAUREL_QUOTA_KEY', '600,50000; off in the demo', 'operations and cost a minute of each key or screen, or off'),
  setting('LAUREL_QUOTA_ANONYMOUS', '600; off in the demo', 'operations a minute of each address without a token, or off'),
  setting('LAUREL_INTROSPECTION', 'on', 'on or off: whether the schema may be read, and errors may hint at it'),
  setting('LAUREL_DOCUMENTS', 'none', 'file of trusted documents, as "npm run -s documents" writes it'),
  setting('LAUREL_DOCUMENTS_ONLY', 'off', 'on or off: whether nothing but trusted documents is answered'),
  setting('LAUREL_ORIGINS', 'this host alone', 'origins whose pages may call, such as https://app.example, by commas'),
  setting('LAUREL_TLS', 'off', 'on or off: whether a proxy in front speaks TLS; browsers are then told to use it'),
  setting('LAUREL_LOG', 'info; on a terminal warn', `how much is logged: ${LOG_LEVELS.join(', ')}`),
  setting('LAUREL_TRACES', 'none', 'where traces go: an OpenTelemetry collector, over OTLP/HTTP'),
  setting('LAUREL_FAULT', 'none', 'for tests: a fault point at which this node breaks on purpose; refused in production'),
  setting('NODE_ENV', 'not set', 'production turns the demo off'),
] as const

function setting<N extends string>(name: N, fallback: string, meaning: string): { name: N; fallback: string; meaning: string } {
  return { name, fallback, meaning }
}

type Name = (typeof SETTINGS)[number]['name']

/** Returns the text of `--help`: how to start, and each setting with its meaning and default. */
export function helpText(): string {
  const width = Math.max(...SETTINGS.map(({ name }) => name.length))
  const lines = SETTINGS.map(({ name, meaning, fallback }) => `  ${name.padEnd(width)}  ${meaning} (default: ${fallback})`)
  const head = ['Laurel: points, ranks and payouts, live over GraphQL.', '', 'Start: npm start', 'Settings in the environment:']
  return [...head, ...lines, ''].join('\n')
}

/**
 * Returns the folder of the embedded PostgreSQL when LAUREL_DATA is not set. Root's stands outside the project, one for each
 * checkout, because PostgreSQL then runs as another account that may not enter the project.
 */
export function defaultFolder(root: string, isRoot: boolean): string {
  return isRoot ? `/var/lib/laurel/${createHash('sha256').update(root).digest('hex').slice(0, 8)}` : join(root, '.data')
}

const NODE_MAJOR_MIN = 24

/** Passes when this Node can run the house and every argument is known. @throws StartError */
export function proveCall(args: readonly string[], nodeVersion: string = process.versions.node): void {
  if (Number.parseInt(nodeVersion) < NODE_MAJOR_MIN) {
    throw new StartError(`This is Node ${nodeVersion} and Laurel needs ${NODE_MAJOR_MIN} or newer: start it with npm start, `
      + 'or run it with node_modules/.bin/node, which npm ci has brought.')
  }
  const unknown = args.find(arg => arg !== '--help' && arg !== '-h')
  if (unknown === undefined) return
  throw new StartError(`"${unknown}" is no option: settings come from the environment, such as PORT=5000 npm start. `
    + 'npm start -- --help lists them.')
}

/**
 * Returns the frozen settings found in `env`; an empty value counts as not set.
 * @throws StartError for the first setting that cannot be used; URLs are not repeated in it, since they carry passwords.
 */
export function readConfig(env: Environment = process.env, isTerminal = process.stderr.isTTY): Config {
  const databaseUrl = urlFrom(env, 'DATABASE_URL', ['postgres://', 'postgresql://'])
  const databaseAppUrl = urlFrom(env, 'DATABASE_APP_URL', ['postgres://', 'postgresql://'])
  if (databaseAppUrl !== undefined && databaseUrl === undefined) {
    throw new StartError('DATABASE_APP_URL names a role in the database of DATABASE_URL: set DATABASE_URL too, or neither.')
  }
  const production = given(env, 'NODE_ENV') === 'production'
  const demo = demoFrom(env, databaseUrl === undefined, production)
  const folder = given(env, 'LAUREL_DATA')
  return Object.freeze({
    port: portFrom(env),
    host: hostFrom(env),
    folder: folder === undefined ? defaultFolder(projectRoot, process.getuid?.() === 0) : resolve(folder),
    databaseUrl,
    databaseAppUrl,
    redisUrl: urlFrom(env, 'REDIS_URL', ['redis://', 'rediss://']),
    demo,
    logLevel: oneOf(env, 'LAUREL_LOG', LOG_LEVELS) ?? (isTerminal ? 'warn' : 'info'), // People read the steps instead.
    production,
    relay: oneOf(env, 'LAUREL_RELAY', ['on', 'off']) !== 'off',
    webhooksPrivate: oneOf(env, 'LAUREL_WEBHOOKS_PRIVATE', ['allow', 'refuse']) === 'allow',
    issuersPrivate: oneOf(env, 'LAUREL_ISSUERS_PRIVATE', ['allow', 'refuse']) === 'allow',
    region: regionFrom(env),
    auditDays: numbersFrom(env, 'LAUREL_AUDIT_DAYS', 1, null)?.[0],
    tracesUrl: urlFrom(env, 'LAUREL_TRACES', ['http://', 'https://']),
    fault: faultFrom(env, production),
    limits: limitsFrom(env, demo),
  })
}

/** Returns whether the demo is on. It hands a token to whoever asks, so production contradicts an explicit wish for it. */
function demoFrom(env: Environment, embedded: boolean, production: boolean): boolean {
  const wish = oneOf(env, 'LAUREL_DEMO', ['1', '0'])
  if (wish === '1' && production) {
    throw new StartError('LAUREL_DEMO=1 hands a token to whoever asks, which NODE_ENV=production forbids: unset one of the two.')
  }
  return !production && (wish === undefined ? embedded : wish === '1')
}

function regionFrom(env: Environment): string | undefined {
  const region = given(env, 'LAUREL_REGION')
  if (region === undefined || /^[a-z0-9][a-z0-9-]{0,39}$/.test(region)) return region
  throw new StartError(`LAUREL_REGION is "${region}": set it to lower-case letters, digits and hyphens, such as eu-central-1.`)
}

function faultFrom(env: Environment, production: boolean): PlannedFault | null {
  const value = given(env, 'LAUREL_FAULT')
  if (value === undefined) return null
  if (production) {
    throw new StartError('LAUREL_FAULT breaks this node on purpose, which NODE_ENV=production forbids: unset one of the two.')
  }
  return parseFault(value)
}

/** Returns the settings about limits; quotas are those proposed in GW-6, and none in the demo, where everybody is invented. */
function limitsFrom(env: Environment, demo: boolean): LimitConfig {
  const documents = given(env, 'LAUREL_DOCUMENTS')
  const isStrict = oneOf(env, 'LAUREL_DOCUMENTS_ONLY', ['on', 'off']) === 'on'
  if (isStrict && documents === undefined) {
    throw new StartError('LAUREL_DOCUMENTS_ONLY=on answers nothing without trusted documents: set LAUREL_DOCUMENTS too.')
  }
  const quota = (name: Name, requests: number, cost: number): QuotaConfig | null => {
    const numbers = numbersFrom(env, name, 2, demo ? null : [requests, cost])
    return numbers && { requests: numbers[0]!, cost: numbers[1]! }
  }
  return Object.freeze({
    introspection: oneOf(env, 'LAUREL_INTROSPECTION', ['on', 'off']) !== 'off',
    costMax: numbersFrom(env, 'LAUREL_COST_MAX', 1, [LIMITS.costMax])?.[0] ?? Infinity,
    quotas: {
      tenant: quota('LAUREL_QUOTA_TENANT', 600, 50_000), user: quota('LAUREL_QUOTA_USER', 120, 25_000),
      key: quota('LAUREL_QUOTA_KEY', 600, 50_000),
      anonymous: numbersFrom(env, 'LAUREL_QUOTA_ANONYMOUS', 1, demo ? null : [600])?.[0] ?? null,
    },
    origins: originsFrom(env),
    isBehindTls: oneOf(env, 'LAUREL_TLS', ['on', 'off']) === 'on',
    documents: documents === undefined ? undefined : resolve(documents),
    isStrict,
  })
}

/** Returns `count` whole numbers from 1 upward, or null for "off". */
function numbersFrom(env: Environment, name: Name, count: number, fallback: number[] | null): number[] | null {
  const value = given(env, name)
  if (value === undefined) return fallback
  if (value === 'off') return null
  const numbers = value.split(',').map(part => /^\s*\d{1,12}\s*$/.test(part) ? Number(part) : 0)
  if (numbers.length === count && numbers.every(number => number >= 1)) return numbers
  const form = count === 1 ? 'a whole number from 1' : 'operations and cost a minute, such as 600,50000,'
  throw new StartError(`${name} is "${value}": set it to ${form} or off.`)
}

function originsFrom(env: Environment): readonly string[] {
  return (given(env, 'LAUREL_ORIGINS') ?? '').split(',').map(part => part.trim()).filter(Boolean).map(origin => {
    if (/^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin) return origin
    throw new StartError(`LAUREL_ORIGINS names "${origin}": write scheme and host alone, such as https://app.example.`)
  })
}

function given(env: Environment, name: Name): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}

function oneOf<T extends string>(env: Environment, name: Name, choices: readonly T[]): T | undefined {
  const value = given(env, name)
  if (value === undefined) return undefined
  const choice = choices.find(each => each === value)
  if (choice === undefined) throw new StartError(`${name} is "${value}": set it to one of ${choices.join(', ')}.`)
  return choice
}

function portFrom(env: Environment): number {
  const value = given(env, 'PORT') ?? '4000'
  const port = Number(value)
  if (/^\d{1,5}$/.test(value) && port <= 65_535) return port
  throw new StartError(`PORT is "${value}": set it to a whole number from 0 to 65535.`)
}

function hostFrom(env: Environment): string {
  const host = given(env, 'HOST') ?? '127.0.0.1'
  if (/[\s/]/.test(host)) throw new StartError(`HOST is "${host}": set it to an address or a host name alone, such as 0.0.0.0.`)
  return host
}

function urlFrom(env: Environment, name: Name, starts: readonly string[]): string | undefined {
  const value = given(env, name)
  if (value === undefined) return undefined
  // Without an authority ("postgres:laurel") a URL parses too, and would lead to some other database by default.
  if (starts.some(start => value.startsWith(start)) && isUrl(value)) return value
  throw new StartError(`${name} is not a URL that starts with ${starts.join(' or ')}: correct it or unset it.`)
}

function isUrl(value: string): boolean {
  // "postgresql://user@/laurel?host=/run" has no host, which drivers accept and the URL standard does not.
  return URL.canParse(value) || URL.canParse(value.replace('@/', '@localhost/'))
}
