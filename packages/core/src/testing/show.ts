/** Longest text shown whole in a violation; of longer ones both ends are shown. */
const longestShown = 600

function escapeAll(text: string): string {
  let escaped = ''
  for (let offset = 0; offset < text.length; offset += 1) {
    const unit = text.charCodeAt(offset)
    if (unit === 0x0a) escaped += '\\n'
    else if (unit === 0x0d) escaped += '\\r'
    else if (unit === 0x09) escaped += '\\t'
    else if (unit === 0x22 || unit === 0x5c) escaped += `\\${text[offset]}`
    else if (unit >= 0x20 && unit < 0x7f) escaped += text[offset]
    else escaped += `\\u${unit.toString(16).padStart(4, '0')}`
  }
  return escaped
}

/** A text as a double-quoted ASCII string literal that can be pasted into a test. */
export function escapeText(text: string): string {
  if (text.length <= longestShown) return `"${escapeAll(text)}"`
  const half = longestShown / 2
  return `"${escapeAll(text.slice(0, half))}" … "${escapeAll(text.slice(-half))}" (${text.length} code units)`
}

export function isTypedArray(value: unknown): value is ArrayLike<number | bigint> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
}

/** The first numbers of a typed array; the rest is counted. */
function showNumbers(numbers: ArrayLike<number | bigint>): string {
  const shown = Array.from({ length: Math.min(numbers.length, 40) }, (_, index) => String(numbers[index]))
  const rest = numbers.length - shown.length
  return `${numbers.constructor.name} [${shown.join(', ')}${rest > 0 ? `, … ${rest} more` : ''}]`
}

/** A value for a violation's message: one line, bounded, texts escaped. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return escapeText(value)
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (isTypedArray(value)) return showNumbers(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const seen = new Set<unknown>()
  const json = JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'number' && !Number.isFinite(inner)) return String(inner)
    if (typeof inner === 'bigint' || typeof inner === 'function') return String(inner)
    if (typeof inner === 'object' && inner !== null) {
      if (seen.has(inner)) return '…'
      seen.add(inner)
      if (isTypedArray(inner)) return showNumbers(inner)
    }
    return inner
  })
  return json.length <= longestShown ? json : `${json.slice(0, longestShown)}… (${json.length} characters)`
}
