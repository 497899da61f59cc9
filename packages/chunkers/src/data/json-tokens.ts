/** What may stand behind a number or a literal. */
export const NUMBER_END = ' \t\r\n,]}'

/** End of the string that begins with the quotation mark at `start`, or -1 where it is none. */
export function scanString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (code < 0x20) return -1
    if (code !== 0x5c) continue
    at++
    const escaped = text.charAt(at)
    if (escaped === 'u') {
      for (let digit = at + 1; digit <= at + 4; digit++) if (!isHexDigit(text.charCodeAt(digit))) return -1
      at += 4
    } else if (escaped === '' || !'"\\/bfnrt'.includes(escaped)) return -1
  }
  return -1
}

/** End of the number that begins at `start`, or -1: `-`, no leading zero, fraction, exponent. */
export function scanNumber(text: string, start: number): number {
  let at = text.charCodeAt(start) === 0x2d ? start + 1 : start
  const integer = at
  at = skipDigits(text, at)
  if (at === integer || (at > integer + 1 && text.charCodeAt(integer) === 0x30)) return -1
  if (text.charCodeAt(at) === 0x2e) {
    const fraction = at + 1
    at = skipDigits(text, fraction)
    if (at === fraction) return -1
  }
  const exponentSign = text.charCodeAt(at) | 0x20
  if (exponentSign === 0x65) {
    const sign = text.charCodeAt(at + 1)
    const digits = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1
    at = skipDigits(text, digits)
    if (at === digits) return -1
  }
  return at
}

function skipDigits(text: string, offset: number): number {
  let at = offset
  while (text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++
  return at
}

function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66)
}
