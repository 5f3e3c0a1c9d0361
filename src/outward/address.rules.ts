/**
 * Where the server may go at a tenant's wish: addresses by range, from the registries of special-purpose addresses (RFC 6890 and
 * its updates). Whatever is not known to be public is refused, so that a tenant cannot make the server ask its own network. Pure.
 */

/** PRIVATE may be opened by the operator (a machine of one's own, a network of one's own); RESERVED never is. */
export type Reach = 'PUBLIC' | 'PRIVATE' | 'RESERVED'

type Range = readonly [address: string, bits: number, reach: Reach]

// The first match counts, so that an exception stands before its range.
const RANGES_4: readonly Range[] = [
  ['127.0.0.0', 8, 'PRIVATE'], ['10.0.0.0', 8, 'PRIVATE'], ['172.16.0.0', 12, 'PRIVATE'], ['192.168.0.0', 16, 'PRIVATE'],
  ['100.100.100.200', 32, 'RESERVED'], // A cloud's metadata inside the shared space.
  ['100.64.0.0', 10, 'PRIVATE'],
  ['0.0.0.0', 8, 'RESERVED'],
  ['169.254.0.0', 16, 'RESERVED'], // Link-local, and with it the metadata of most clouds.
  ['168.63.129.16', 32, 'RESERVED'], // A cloud's platform address in public space.
  ['192.0.0.0', 24, 'RESERVED'], ['192.0.2.0', 24, 'RESERVED'], ['192.88.99.0', 24, 'RESERVED'], ['198.18.0.0', 15, 'RESERVED'],
  ['198.51.100.0', 24, 'RESERVED'], ['203.0.113.0', 24, 'RESERVED'],
  ['224.0.0.0', 3, 'RESERVED'], // Multicast, the future, broadcast.
  ['0.0.0.0', 0, 'PUBLIC'],
]
const RANGES_6: readonly Range[] = [
  ['::1', 128, 'PRIVATE'],
  ['fd00:ec2::', 32, 'RESERVED'], // A cloud's metadata.
  ['fc00::', 7, 'PRIVATE'],
  ['2001::', 23, 'RESERVED'], // Protocol assignments: Teredo, benchmarking, ORCHID.
  ['2001:db8::', 32, 'RESERVED'],
  ['2002::', 16, 'RESERVED'], // 6to4 carries any IPv4 address.
  ['3fff::', 20, 'RESERVED'],
  ['2000::', 3, 'PUBLIC'],
  ['::', 0, 'RESERVED'], // IPv4-mapped, NAT64, link-local, multicast and all that is not global unicast.
]

/** Returns how far away an address is; text that is no address is RESERVED. */
export function reachOf(address: string): Reach {
  const four = numberOf4(address)
  if (four !== null) return find(RANGES_4, four, 32, numberOf4)
  const six = numberOf6(address)
  return six === null ? 'RESERVED' : find(RANGES_6, six, 128, numberOf6)
}

/** Returns whether the server may go to this address. */
export function isAllowed(address: string, isPrivateAllowed: boolean): boolean {
  const reach = reachOf(address)
  return reach === 'PUBLIC' || (reach === 'PRIVATE' && isPrivateAllowed)
}

/** Returns the address that a URL's host spells out, without brackets, or null when it is a name. */
export function literalOf(hostname: string): string | null {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return numberOf4(bare) !== null || numberOf6(bare) !== null ? bare : null
}

/** Returns why a URL of a tenant's cannot be gone to, as a sentence, or null. A name is judged whenever it is resolved. */
export function urlRefusal(text: string, isPrivateAllowed: boolean, field = 'url'): string | null {
  if (!URL.canParse(text)) return `${field} must be an absolute URL, such as "https://example.com/laurel".`
  const { protocol, hostname, username, password, hash } = new URL(text)
  if (protocol !== 'https:' && !(protocol === 'http:' && isPrivateAllowed)) return `${field} must begin with https://.`
  if (username || password) return `${field} must not carry a name or a password.`
  if (hash) return `${field} must not have a fragment (#…).`
  const literal = literalOf(hostname)
  if (literal && !isAllowed(literal, isPrivateAllowed)) return `${field} must lead to a public address.`
  return null
}

function find(ranges: readonly Range[], address: bigint, width: number, parse: (text: string) => bigint | null): Reach {
  return ranges.find(([start, bits]) => address >> BigInt(width - bits) === parse(start)! >> BigInt(width - bits))![2]
}

function numberOf4(text: string): bigint | null {
  // Only the plain form: a URL has made "0x7f.1" and "2130706433" into it already.
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return null
  const bytes = text.split('.').map(Number)
  return bytes.every(byte => byte <= 255) ? bytes.reduce((sum, byte) => sum << 8n | BigInt(byte), 0n) : null
}

function numberOf6(text: string): bigint | null {
  const tail = /^(.*:)([\d.]+\.\d+)$/.exec(text) // "::ffff:127.0.0.1"
  const four = tail && numberOf4(tail[2]!)
  if (tail && four === null) return null
  const plain = tail ? `${tail[1]}${(four! >> 16n).toString(16)}:${(four! & 0xffffn).toString(16)}` : text
  const halves = plain.split('::')
  if (halves.length > 2) return null
  const [head, rest] = halves.map(half => half === '' ? [] : half.split(':')) as [string[], string[]?]
  const missing = 8 - head.length - (rest?.length ?? 0)
  if (rest ? missing < 1 : missing !== 0) return null
  const words = rest ? [...head, ...Array.from({ length: missing }, () => '0'), ...rest] : head
  if (!words.every(word => /^[\da-f]{1,4}$/i.test(word))) return null
  return words.reduce((sum, word) => sum << 16n | BigInt(`0x${word}`), 0n)
}
