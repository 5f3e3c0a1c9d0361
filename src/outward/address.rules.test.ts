import { expect, test } from 'vitest'
import { isAllowed, literalOf, reachOf, urlRefusal } from './address.rules.ts'

test.each([
  ['8.8.8.8', 'PUBLIC'],
  ['93.184.216.34', 'PUBLIC'],
  ['172.15.255.255', 'PUBLIC'],
  ['172.32.0.0', 'PUBLIC'],
  ['100.63.255.255', 'PUBLIC'],
  ['100.128.0.0', 'PUBLIC'],
  ['169.253.255.255', 'PUBLIC'],
  ['192.0.1.0', 'PUBLIC'],
  ['223.255.255.255', 'PUBLIC'],
  ['1.0.0.0', 'PUBLIC'],
  ['127.0.0.1', 'PRIVATE'],
  ['127.255.255.254', 'PRIVATE'],
  ['10.0.0.1', 'PRIVATE'],
  ['172.16.0.1', 'PRIVATE'],
  ['172.31.255.255', 'PRIVATE'],
  ['192.168.1.1', 'PRIVATE'],
  ['100.64.0.1', 'PRIVATE'],
  ['0.0.0.0', 'RESERVED'],
  ['0.1.2.3', 'RESERVED'],
  ['169.254.169.254', 'RESERVED'],
  ['100.100.100.200', 'RESERVED'],
  ['168.63.129.16', 'RESERVED'],
  ['192.0.0.192', 'RESERVED'],
  ['192.0.2.1', 'RESERVED'],
  ['198.18.0.1', 'RESERVED'],
  ['198.51.100.7', 'RESERVED'],
  ['203.0.113.9', 'RESERVED'],
  ['192.88.99.1', 'RESERVED'],
  ['224.0.0.1', 'RESERVED'],
  ['240.0.0.1', 'RESERVED'],
  ['255.255.255.255', 'RESERVED'],
  ['2606:4700::1111', 'PUBLIC'],
  ['2a00:1450:4001:80b::200e', 'PUBLIC'],
  ['2001:200::', 'PUBLIC'],
  ['::1', 'PRIVATE'],
  ['fd12:3456::1', 'PRIVATE'],
  ['fc00::', 'PRIVATE'],
  ['::', 'RESERVED'],
  ['::2', 'RESERVED'],
  ['fe80::1', 'RESERVED'],
  ['fec0::1', 'RESERVED'],
  ['ff02::1', 'RESERVED'],
  ['fd00:ec2::254', 'RESERVED'],
  ['::ffff:127.0.0.1', 'RESERVED'],
  ['::ffff:7f00:1', 'RESERVED'],
  ['::ffff:8.8.8.8', 'RESERVED'],
  ['::127.0.0.1', 'RESERVED'],
  ['64:ff9b::10.0.0.1', 'RESERVED'],
  ['64:ff9b::808:808', 'RESERVED'],
  ['64:ff9b:1::1', 'RESERVED'],
  ['100::1', 'RESERVED'],
  ['2001::1', 'RESERVED'],
  ['2001:db8::1', 'RESERVED'],
  ['2002:7f00:1::', 'RESERVED'],
  ['3fff::1', 'RESERVED'],
  ['5f00::1', 'RESERVED'],
  ['fe80::1%eth0', 'RESERVED'],
  ['256.1.1.1', 'RESERVED'],
  ['1.2.3', 'RESERVED'],
  ['0x7f.0.0.1', 'RESERVED'],
  ['1::2::3', 'RESERVED'],
  ['1:2:3:4:5:6:7', 'RESERVED'],
  ['1:2:3:4:5:6:7:8:9', 'RESERVED'],
  ['12345::', 'RESERVED'],
  ['::1.2.3.456', 'RESERVED'],
  ['localhost', 'RESERVED'],
  ['', 'RESERVED'],
])('%s is %s', (address, reach) => {
  expect(reachOf(address)).toBe(reach)
})

test('the operator may open private addresses, never reserved ones', () => {
  const addresses = ['8.8.8.8', '127.0.0.1', 'fd12::1', '169.254.169.254', '224.0.0.1', '::ffff:127.0.0.1']
  expect(addresses.filter(address => isAllowed(address, false))).toEqual(['8.8.8.8'])
  expect(addresses.filter(address => isAllowed(address, true))).toEqual(['8.8.8.8', '127.0.0.1', 'fd12::1'])
})

test.each<readonly [url: string, sentence: string | null]>([
  ['https://example.com/hooks', null],
  ['https://example.com:8443/hooks?from=laurel', null],
  ['https://8.8.8.8/', null],
  ['https://[2606:4700::1111]/', null],
  ['https://localhost/', null], // A name is judged when it is resolved.
  ['http://example.com/', 'url must begin with https://.'],
  ['ftp://example.com/', 'url must begin with https://.'],
  ['javascript:alert(1)', 'url must begin with https://.'],
  ['file:///etc/passwd', 'url must begin with https://.'],
  ['example.com/hooks', 'url must be an absolute URL, such as "https://example.com/laurel".'],
  ['https://ann:secret@example.com/', 'url must not carry a name or a password.'],
  ['https://example.com/#top', 'url must not have a fragment (#…).'],
  ...[
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '10.0.0.1',
    '169.254.169.254',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[fe80::1]',
    '[64:ff9b::7f00:1]',
    '0',
    '224.0.0.1',
    '100.64.0.1',
  ].map(host => [`https://${host}/`, 'url must lead to a public address.'] as const),
])('%s: %s', (url, sentence) => {
  expect(urlRefusal(url, false)).toBe(sentence)
})

test('where the operator allows private addresses, plain http is allowed too', () => {
  expect(['http://127.0.0.1:3000/', 'http://intranet/', 'https://[::1]/'].map(url => urlRefusal(url, true))).toEqual([
    null,
    null,
    null,
  ])
  expect(urlRefusal('http://169.254.169.254/latest/', true)).toBe('url must lead to a public address.')
})

test('a host that spells out an address is told from a name', () => {
  expect(['[::1]', '10.0.0.1', 'localhost', '1.2.3.4.example.com', 'dead.beef'].map(literalOf)).toEqual([
    '::1',
    '10.0.0.1',
    null,
    null,
    null,
  ])
})
