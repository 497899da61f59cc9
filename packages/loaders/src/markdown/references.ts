/** Named references met in everyday writing; others stay as they are written. */
const NAMES: { readonly [name: string]: string } = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', copy: '©', reg: '®', trade: '™' },
  ...{ hellip: '…', mdash: '—', ndash: '–', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', bull: '•' },
  ...{ laquo: '«', raquo: '»', middot: '·', times: '×', divide: '÷', deg: '°', plusmn: '±', para: '¶' },
  ...{ sect: '§', euro: '€', pound: '£', yen: '¥', cent: '¢', larr: '←', rarr: '→', uarr: '↑', darr: '↓' },
  ...{ auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é' },
}

const REFERENCE = /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([A-Za-z][A-Za-z\d]{1,31}));/y

/** The character reference at `at` and where it ends, if it is one that is known. */
export function decodeReference(
  content: string,
  at: number,
): { readonly text: string; readonly end: number } | undefined {
  REFERENCE.lastIndex = at
  const match = REFERENCE.exec(content)
  if (match === null) return undefined
  const [whole, decimal, hexadecimal, name] = match
  const end = at + whole.length
  if (name !== undefined) {
    const text = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
    return text === undefined ? undefined : { text, end }
  }
  const code = decimal === undefined ? Number.parseInt(hexadecimal!, 16) : Number(decimal)
  const valid = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
  return { text: valid ? String.fromCodePoint(code) : '\ufffd', end }
}
