/**
 * The demo issuer: signs tokens for the demo's invented people. It exists only in demo mode; its key lies in the demo's
 * own folder.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { StartError } from '../platform/start-error.ts'
import type { Role } from '../platform/tenancy.ts'
import type { HouseIssuer } from './issuer.house.ts'

const HOURS_VALID = 12
export const DEMO_ISSUER = 'laurel-demo'

/** What a demo token says. */
export interface DemoClaims { tenantId: string; userId: string | null; role: Role }

/** Signs demo tokens and gives the key that checks them. */
export interface DemoIssuer extends HouseIssuer {
  sign(claims: DemoClaims, now: Date): Promise<{ token: string; expiresAt: Date }>
}

/** Returns the demo issuer of a data folder; its Ed25519 key is made on first use and readable by its owner only. */
export function demoIssuer(folder: string): DemoIssuer {
  const path = join(folder, 'demo-issuer.pem')
  if (!existsSync(path)) {
    writeFileSync(path, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  }
  const privateKey = readKey(path)
  return {
    issuer: DEMO_ISSUER,
    key: createPublicKey(privateKey),
    algorithm: 'EdDSA',
    async sign({ tenantId, userId, role }, now) {
      const expiresAt = new Date(now.getTime() + HOURS_VALID * 3_600_000)
      const token = await new SignJWT({ tenant: tenantId, role, auth_time: Math.floor(now.getTime() / 1_000) })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' }).setIssuer(DEMO_ISSUER).setAudience('laurel')
        .setSubject(userId ?? 'screen').setIssuedAt(now).setExpirationTime(expiresAt).sign(privateKey)
      return { token, expiresAt }
    },
  }
}

function readKey(path: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(path))
  } catch (cause) {
    throw new StartError(`The demo's key ${path} cannot be read: delete it, and get new tokens after the start.`, { cause })
  }
}
