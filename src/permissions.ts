/** The policy table as a page: docs/reference/permissions.md. */
import type { GraphQLObjectType, GraphQLSchema } from 'graphql'
import { actionOf } from './platform/policy.ts'
import { POLICY, ROLES } from './platform/policy.rules.ts'

const REACH = { OWN: 'own', TEAM: 'teams led', OUTSIDERS: 'no employees', TENANT: 'all' } as const

interface Right {
  what: string; roles: Record<string, keyof typeof REACH>; screens?: true; stepUp?: true; feature?: string
  amountMax?: Record<string, string>
}

/** Returns the page: every action, how far each role's right reaches, who besides people may, and its fields. */
export function permissionsText(schema: GraphQLSchema): string {
  const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
    .flatMap(root => Object.values((root as GraphQLObjectType).getFields()))
    .map(field => ({ name: field.name, action: actionOf(field) }))
  const rows = Object.entries(POLICY).map(([action, right]) => {
    const { what, roles, screens, stepUp, feature, amountMax = {} } = right as Right
    const reaches = ROLES.map(role => roles[role] ? REACH[roles[role]] : '–')
    const names = [...new Set(fields.filter(field => field.action === action).map(({ name }) => `\`${name}\``))].sort()
    const amounts = Object.entries(amountMax).map(([role, amount]) => `${role} up to ${amount}`)
    const besides = [screens && 'screens', stepUp && 'recent sign-in', feature && `feature ${feature}`, ...amounts]
      .filter(Boolean).join(', ')
    return `| \`${action}\` | ${what} | ${reaches.join(' | ')} | ${besides} | ${names.join(', ')} |`
  })
  return `# Permissions
Printed from \`src/platform/policy.rules.ts\` by \`npm run schema\`; \`test/permissions.test.ts\` asks the running schema for
every cell. What is not in this table is denied. Another tenant's thing does not exist for anybody.

A right reaches *all* of the tenant, the *teams led* by the person, their *own* things, or *no employees*: partners and clients
only. An API key has the rights of its role as far as its scopes go; a screen token has those marked *screens*, for its boards.
*Recent sign-in*: a person who signed in within 15 minutes. *Feature*: nobody
may while it is off for the request's platform. *Up to*: the largest amount at a time, in whichever currency it is told.
Whoever asks for something cannot approve it.

| action | what | ${ROLES.join(' | ')} | besides | fields |
|---|---|${ROLES.map(() => '---').join('|')}|---|---|
${rows.join('\n')}
`
}
