/** One node as a program of its own, to be killed: its settings come in LAUREL_TEST_NODE, faults are planned by message. */
import { demoIssuer } from '../src/identity/issuer.demo.ts'
import { type NodeOptions, startNode } from '../src/node.ts'
import { parseFault, planFault } from '../src/platform/faults.ts'
import { log } from '../src/platform/log.ts'

/** What a node process is given; tokens are signed with the key in `issuerFolder`. */
export type NodeProcessSettings = Pick<NodeOptions, 'addresses' | 'redisUrl' | 'relay' | 'webhooks'> & { issuerFolder: string }

/** What it says: where it answers, that a fault is planned, or what went wrong without anybody hearing of it. */
export type NodeProcessWord = { url: string } | { planned: string } | { unheard: string }

const say = (word: NodeProcessWord) => process.send!(word)
log.level = process.env.LAUREL_LOG ?? 'fatal'
process.on('unhandledRejection', error => say({ unheard: error instanceof Error ? error.stack! : String(error) }))
const { issuerFolder, ...settings } = JSON.parse(process.env.LAUREL_TEST_NODE!) as NodeProcessSettings
const node = await startNode({ ...settings, issuers: [demoIssuer(issuerFolder)], host: '127.0.0.1', port: 0 })
process.on('message', (fault: string) => {
  planFault(parseFault(fault))
  say({ planned: fault })
})
process.on('disconnect', () => process.exit(1)) // Whoever started it is gone.
process.on('SIGTERM', () => void node.close().then(() => process.exit(0)))
say({ url: node.url })
