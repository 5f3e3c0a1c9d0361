/** JSON for reading: what fits on a line stays on a line. */

/** Returns `value` as indented JSON in which objects and lists of at most `widthMax` characters are not broken up. */
export function readableJson(value: unknown, widthMax = 72, indent = ''): string {
  const flat = flatJson(value)
  if (typeof value !== 'object' || value === null || flat.length + indent.length <= widthMax) return flat
  const inner = `${indent}  `
  const lines = Array.isArray(value)
    ? value.map(item => inner + readableJson(item, widthMax, inner))
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${readableJson(item, widthMax, inner)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`
}

function flatJson(value: unknown): string {
  if (Array.isArray(value)) return value.length ? `[${value.map(flatJson).join(', ')}]` : '[]'
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
  return entries.length ? `{ ${entries.map(([key, item]) => `${JSON.stringify(key)}: ${flatJson(item)}`).join(', ')} }` : '{}'
}
