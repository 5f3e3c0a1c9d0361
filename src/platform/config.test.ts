/** The settings: defaults, every setting, and the sentence for each wrong one. */
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultFolder, helpText, proveCall, readConfig, SETTINGS } from './config.ts'
import { projectRoot } from './project.ts'
import { StartError } from './start-error.ts'

const OWNER_URL = 'postgresql://owner:secret@db.example:5432/laurel'
const APP_URL = 'postgres://app@/laurel?host=/run'
const NO_URL = 'is not a URL that starts with postgres:// or postgresql://: correct it or unset it.'

describe('readConfig', () => {
  it('answers the defaults of an empty environment, frozen', () => {
    const config = readConfig({}, false)
    expect(config).toEqual({
      port: 4000, host: '127.0.0.1', folder: defaultFolder(projectRoot, process.getuid?.() === 0), databaseUrl: undefined,
      databaseAppUrl: undefined, redisUrl: undefined, demo: true, logLevel: 'info', production: false, relay: true,
      webhooksPrivate: false, issuersPrivate: false, fault: null,
      limits: {
        introspection: true, costMax: 1_000, quotas: { tenant: null, user: null, key: null, anonymous: null }, origins: [],
        isBehindTls: false, documents: undefined, isStrict: false,
      },
    })
    expect(Object.isFrozen(config)).toBe(true)
    expect(readConfig({}, true)).toEqual({ ...config, logLevel: 'warn' }) // Somebody watches the steps on a terminal.
  })

  it('reads every setting', () => {
    const config = readConfig({
      PORT: '0', HOST: '0.0.0.0', LAUREL_DATA: 'some/where', DATABASE_URL: OWNER_URL, DATABASE_APP_URL: APP_URL,
      REDIS_URL: 'rediss://cache:6380/1', LAUREL_DEMO: '0', LAUREL_LOG: 'debug', NODE_ENV: 'production', LAUREL_RELAY: 'off',
      LAUREL_WEBHOOKS_PRIVATE: 'allow', LAUREL_ISSUERS_PRIVATE: 'allow', LAUREL_REGION: 'eu-central-1', LAUREL_AUDIT_DAYS: '400',
      LAUREL_COST_MAX: '2000', LAUREL_QUOTA_TENANT: '1000, 90000', LAUREL_QUOTA_USER: 'off', LAUREL_QUOTA_KEY: '5,6',
      LAUREL_QUOTA_ANONYMOUS: '7', LAUREL_INTROSPECTION: 'off', LAUREL_DOCUMENTS: 'some/documents.json',
      LAUREL_DOCUMENTS_ONLY: 'on', LAUREL_ORIGINS: 'https://app.example, http://localhost:5173', LAUREL_TLS: 'on',
    })
    expect(config).toEqual({
      port: 0, host: '0.0.0.0', folder: resolve('some/where'), databaseUrl: OWNER_URL, databaseAppUrl: APP_URL,
      redisUrl: 'rediss://cache:6380/1', demo: false, logLevel: 'debug', production: true, relay: false, webhooksPrivate: true,
      issuersPrivate: true, region: 'eu-central-1', auditDays: 400,
      fault: null,
      limits: {
        introspection: false, costMax: 2_000,
        quotas: { tenant: { requests: 1_000, cost: 90_000 }, user: null, key: { requests: 5, cost: 6 }, anonymous: 7 },
        origins: ['https://app.example', 'http://localhost:5173'], isBehindTls: true,
        documents: resolve('some/documents.json'), isStrict: true,
      },
    })
  })

  it('takes an empty or blank value for one that is not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: ' ', LAUREL_DEMO: '', LAUREL_DATA: '' })).toEqual(readConfig({}))
  })

  it.each([
    ['on without a database of one\'s own', {}, true],
    ['off with one', { DATABASE_URL: OWNER_URL }, false],
    ['on with one when wished', { DATABASE_URL: OWNER_URL, LAUREL_DEMO: '1' }, true],
    ['off when wished', { LAUREL_DEMO: '0' }, false],
    ['off in production', { NODE_ENV: 'production' }, false],
    ['off in production with a database', { NODE_ENV: 'production', DATABASE_URL: OWNER_URL }, false],
  ])('has the demo %s', (_case, env, demo) => {
    expect(readConfig(env).demo).toBe(demo)
  })

  it('limits nobody in the demo unless told to, and everybody outside it', () => {
    expect(readConfig({ DATABASE_URL: OWNER_URL }).limits.quotas).toEqual({
      tenant: { requests: 600, cost: 50_000 }, user: { requests: 120, cost: 25_000 }, key: { requests: 600, cost: 50_000 },
      anonymous: 600,
    })
    expect(readConfig({ LAUREL_QUOTA_USER: '1,2' }).limits.quotas).toEqual({
      tenant: null, user: { requests: 1, cost: 2 }, key: null, anonymous: null,
    })
    expect(readConfig({ LAUREL_COST_MAX: 'off' }).limits.costMax).toBe(Infinity)
  })

  it.each([
    [{ LAUREL_COST_MAX: '0' }, 'LAUREL_COST_MAX is "0": set it to a whole number from 1 or off.'],
    [{ LAUREL_QUOTA_USER: '120' },
      'LAUREL_QUOTA_USER is "120": set it to operations and cost a minute, such as 600,50000, or off.'],
    [{ LAUREL_QUOTA_ANONYMOUS: 'none' }, 'LAUREL_QUOTA_ANONYMOUS is "none": set it to a whole number from 1 or off.'],
    [{ LAUREL_ORIGINS: 'https://app.example/path' },
      'LAUREL_ORIGINS names "https://app.example/path": write scheme and host alone, such as https://app.example.'],
    [{ LAUREL_ORIGINS: '*' }, 'LAUREL_ORIGINS names "*": write scheme and host alone, such as https://app.example.'],
    [{ LAUREL_DOCUMENTS_ONLY: 'on' },
      'LAUREL_DOCUMENTS_ONLY=on answers nothing without trusted documents: set LAUREL_DOCUMENTS too.'],
    [{ PORT: 'http' }, 'PORT is "http": set it to a whole number from 0 to 65535.'],
    [{ PORT: '65536' }, 'PORT is "65536": set it to a whole number from 0 to 65535.'],
    [{ PORT: '-1' }, 'PORT is "-1": set it to a whole number from 0 to 65535.'],
    [{ PORT: '4e3' }, 'PORT is "4e3": set it to a whole number from 0 to 65535.'],
    [{ HOST: 'http://here' }, 'HOST is "http://here": set it to an address or a host name alone, such as 0.0.0.0.'],
    [{ DATABASE_URL: 'mysql://u:secret@h/d' }, `DATABASE_URL ${NO_URL}`],
    [{ DATABASE_URL: 'postgres://u:secret@h:port/d' }, `DATABASE_URL ${NO_URL}`],
    [{ DATABASE_URL: OWNER_URL, DATABASE_APP_URL: 'laurel' }, `DATABASE_APP_URL ${NO_URL}`],
    [{ DATABASE_APP_URL: OWNER_URL },
      'DATABASE_APP_URL names a role in the database of DATABASE_URL: set DATABASE_URL too, or neither.'],
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL is not a URL that starts with redis:// or rediss://: correct it or unset it.'],
    [{ LAUREL_WEBHOOKS_PRIVATE: '1' }, 'LAUREL_WEBHOOKS_PRIVATE is "1": set it to one of allow, refuse.'],
    [{ LAUREL_REGION: 'EU' },
      'LAUREL_REGION is "EU": set it to lower-case letters, digits and hyphens, such as eu-central-1.'],
    [{ LAUREL_AUDIT_DAYS: '0' }, 'LAUREL_AUDIT_DAYS is "0": set it to a whole number from 1 or off.'],
    [{ LAUREL_DEMO: 'yes' }, 'LAUREL_DEMO is "yes": set it to one of 1, 0.'],
    [{ LAUREL_RELAY: '0' }, 'LAUREL_RELAY is "0": set it to one of on, off.'],
    [{ LAUREL_LOG: 'loud' }, 'LAUREL_LOG is "loud": set it to one of fatal, error, warn, info, debug, trace, silent.'],
    [{ LAUREL_DEMO: '1', NODE_ENV: 'production' },
      'LAUREL_DEMO=1 hands a token to whoever asks, which NODE_ENV=production forbids: unset one of the two.'],
  ])('refuses %j in one sentence that gives no password away', (env, sentence) => {
    expect(() => readConfig(env)).toThrow(new StartError(sentence))
    expect(sentence).not.toContain('secret')
  })
})

describe('proveCall', () => {
  const pinned = '24.0.0'
  it.each([
    [['--port', '5000'], pinned, '"--port" is no option: settings come from the environment, such as PORT=5000 npm start. '
      + 'npm start -- --help lists them.'],
    [[], '20.19.0', 'This is Node 20.19.0 and Laurel needs 24 or newer: start it with npm start, or run it with '
      + 'node_modules/.bin/node, which npm ci has brought.'],
  ])('refuses %j on Node %s', (args, nodeVersion, sentence) => {
    expect(() => proveCall(args, nodeVersion)).toThrow(new StartError(sentence))
  })

  it('takes a call for help, and this very Node', () => {
    expect(proveCall(['--help', '-h'])).toBe(undefined)
    expect(proveCall([], '25.1.0')).toBe(undefined)
  })
})

describe('defaultFolder', () => {
  it('lies in the project, and for root in one folder a checkout', () => {
    expect(defaultFolder('/home/ann/laurel', false)).toBe(join('/home/ann/laurel', '.data'))
    expect(defaultFolder('/srv/laurel', true)).toBe('/var/lib/laurel/0d7a28de')
    expect(defaultFolder('/srv/laurel-2', true)).not.toBe(defaultFolder('/srv/laurel', true))
  })
})

describe('helpText', () => {
  it('has a line for every setting, narrow enough for a wide terminal', () => {
    const lines = helpText().split('\n')
    const names = lines.filter(line => line.startsWith('  ')).map(line => line.trim().split(' ')[0])
    expect(names).toEqual(SETTINGS.map(({ name }) => name))
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(130)
  })
})
