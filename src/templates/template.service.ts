/** What a new tenant begins with: every room's part of a template pack, copied into the tenant. */
import { installPack, readPack } from '../activities/type.service.ts'
import { installBadges, readRecognition } from '../badges/badge.service.ts'
import { installMetrics } from '../metrics/metric.service.ts'
import { installPaths } from '../skills/path.service.ts'
import type { Actor } from '../platform/tenancy.ts'

/** Copies a template pack into the tenant, in force from an instant on; what is there already stays as it is. */
export async function installTemplate(actor: Actor, name: 'revenue', from: Date): Promise<void> {
  const pack = readPack(name)
  await installPack(actor, pack, from)
  await installMetrics(actor, pack)
  const recognition = readRecognition()
  await installPack(actor, { ...recognition, levels: [] }, from)
  await installBadges(actor, recognition, from)
  await installPaths(actor, recognition, from)
}
