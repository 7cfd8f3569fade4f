import { isIPv6 } from 'node:net'

/**
 * What to count by when counting by address: the IPv4 address, or the /64 of an IPv6 one. One household or host has a
 * whole /64, so that counting each of its addresses would be no limit at all (RFC 6177).
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address
  const [head = [], tail = []] = address.split('::').map(half => half.split(/[:%]/).filter(group => group !== ''))
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail]
  return `${groups
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
