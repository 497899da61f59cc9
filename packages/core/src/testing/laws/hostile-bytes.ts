import { type Random, seededRandom } from '../random.js'
import { repeat } from '../texts/blocks.js'
import { edgeTexts } from '../texts/phrases.js'

export interface NamedBytes {
  readonly name: string
  readonly bytes: Uint8Array
}

const encoder = new TextEncoder()

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(text.length * 2 + 2)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xfeff, littleEndian)
  for (let offset = 0; offset < text.length; offset += 1)
    view.setUint16(offset * 2 + 2, text.charCodeAt(offset), littleEndian)
  return bytes
}

function joined(...parts: readonly (string | readonly number[])[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...encoder.encode(part)] : [...part])),
  )
}

/** Files that are empty, cut off, of another kind than their name says, deeply nested, or not text at all. */
export function hostileBytes(seed: number): NamedBytes[] {
  const random = seededRandom(seed)
  return [
    { name: 'nothing', bytes: new Uint8Array(0) },
    { name: 'byte order mark alone', bytes: joined([0xef, 0xbb, 0xbf]) },
    { name: 'byte order mark and text', bytes: joined([0xef, 0xbb, 0xbf], 'Title\r\n\r\ntext') },
    { name: 'two byte order marks', bytes: joined([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf], 'text') },
    { name: 'UTF-16, little end first', bytes: utf16('# Größe 😀\r\n\r\ntext', true) },
    { name: 'UTF-16, big end first', bytes: utf16('# Größe 😀\r\n\r\ntext', false) },
    { name: 'UTF-16 cut inside a unit', bytes: utf16('text', true).slice(0, -1) },
    { name: 'bytes that are not UTF-8', bytes: joined('caf', [0xe9, 0x20, 0xff, 0xfe, 0xc0, 0x80, 0xf5]) },
    { name: 'UTF-8 cut inside a character', bytes: joined('text ', [0xf0, 0x9f, 0x98]) },
    { name: 'surrogates in UTF-8', bytes: joined('a', [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80], 'b') },
    { name: 'NUL bytes', bytes: new Uint8Array(2_000) },
    { name: 'random bytes', bytes: Uint8Array.from({ length: 4_000 }, () => random.integer(0, 255)) },
    { name: 'a PDF that is only a header', bytes: joined('%PDF-1.7\n', [0x25, 0xe2, 0xe3, 0xcf, 0xd3]) },
    { name: 'a zip file cut off', bytes: joined('PK', [3, 4, 20, 0, 0, 0, 8, 0], 'word/document.xml') },
    { name: 'an empty zip file', bytes: joined('PK', [5, 6], Array<number>(18).fill(0)) },
    { name: 'gzip cut off', bytes: joined([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]) },
    { name: 'a PNG image', bytes: joined([0x89], 'PNG\r\n', [0x1a, 0x0a, 0, 0, 0, 13], 'IHDR') },
    { name: 'tags opened and never closed', bytes: joined(`<html><body>${'<div>'.repeat(5_000)}text`) },
    { name: 'quotes nested deeply', bytes: joined(`${'> '.repeat(2_000)}text`) },
    {
      name: 'lists nested deeply',
      bytes: joined(repeat(300, (depth) => `${' '.repeat(depth * 2)}- item\n`)),
    },
    { name: 'brackets nested deeply', bytes: joined('['.repeat(20_000)) },
    { name: 'links that never end', bytes: joined('[a]('.repeat(5_000)) },
    { name: 'emphasis that never ends', bytes: joined('*a _b '.repeat(5_000)) },
    { name: 'JSON cut off', bytes: joined('[{"text": "a", "n": 1}, {"text": "b') },
    { name: 'JSON lines, one of them bad', bytes: joined('{"text":"a"}\n{bad\n{"text":"b"}\n') },
    { name: 'a quote that never ends', bytes: joined('id,text\n1,"never closed\n2,b\n') },
    { name: 'rows of different length', bytes: joined('a,b,c\n1\n1,2,3,4,5\n\n,,\n') },
    { name: 'front matter that never ends', bytes: joined('---\ntitle: x\n\ntext') },
    {
      name: 'entities of the document',
      bytes: joined('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    },
    {
      name: 'entities that grow',
      bytes: joined(
        `<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "${'&b;'.repeat(10)}"><!ENTITY d "${'&c;'.repeat(10)}">]><a>&d;</a>`,
      ),
    },
    {
      name: 'a mail with a part that never ends',
      bytes: joined(
        'From: a@b.c\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello',
      ),
    },
    { name: 'one huge line', bytes: joined('word '.repeat(40_000)) },
    { name: 'every line end', bytes: joined('a\nb\r\nc\rd\u2028e\u2029f\u0085g\vh\fi\n\r\n') },
    ...edgeTexts.map((text, index) => ({ name: `edge text ${index}`, bytes: encoder.encode(text) })),
  ]
}

/** A good file damaged: cut off at several places, bytes changed, a stretch repeated or zeroed. */
export function damaged(random: Random, { name, bytes }: NamedBytes): NamedBytes[] {
  const at = (): number => random.integer(0, Math.max(0, bytes.length - 1))
  return Array.from({ length: 12 }, (_, trial) => {
    const start = at()
    const copy = bytes.slice()
    if (trial % 3 === 0) return { name: `${name}, cut off at ${start}`, bytes: copy.slice(0, start) }
    if (trial % 3 === 1) {
      for (let change = 0; change < 8; change += 1) copy[at()] = random.integer(0, 255)
      return { name: `${name}, eight bytes changed (trial ${trial})`, bytes: copy }
    }
    copy.fill(0, start, start + 64)
    return { name: `${name}, zeros from ${start}`, bytes: copy }
  })
}
