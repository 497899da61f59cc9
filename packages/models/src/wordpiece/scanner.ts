import { type Characters, classOfReplacement, ISOLATED, MAPPED, REMOVED, SPACE, WORD } from './characters.js'
import { CONTINUE, requirePiece, START, step, type Vocabulary } from './vocabulary.js'

/** A word of more characters than this is one unknown token, as in BERT. */
const longestWord = 100
/** Markers that count as tokens when they stand literally in a text. */
const markers = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const openBracket = 0x5b

/**
 * Turns text into rows of the vocabulary, one pass over UTF-16 code units.
 *
 * The fast loop takes runs of ASCII letters and digits, lower-cases them through a table and hashes them on
 * the way; only a word that is not in the vocabulary as a whole is split, longest piece first (Wu et al. 2016
 * call the pieces wordpieces). Everything else goes through `#slow`, which keeps for each code unit of the
 * normalised word where its source ends.
 *
 * `rows` and `ends` are scratch: valid up to `count`, until the next call of `clear`.
 */
export class Scanner {
  rows = new Int32Array(1024)
  /** End of each token in the scanned text, in UTF-16 code units; never decreases. */
  ends = new Uint32Array(1024)
  count = 0
  readonly unknown: number
  readonly #vocabulary: Vocabulary
  readonly #characters: Characters
  readonly #markers: readonly (readonly [string, number])[]
  /** For each ASCII code: its class; and the letter in lower case. */
  readonly #classes = new Uint8Array(128)
  readonly #lower = new Uint8Array(128)
  /** Row of each ASCII character that is a token of its own. */
  readonly #isolated = new Int32Array(128)
  readonly #word = new Uint16Array(longestWord * 2 + 4)
  readonly #wordEnds = new Uint32Array(longestWord * 2 + 4)
  readonly #prefix = new Int32Array(longestWord * 2 + 4)
  #units = 0
  #points = 0

  constructor(vocabulary: Vocabulary, characters: Characters) {
    this.#vocabulary = vocabulary
    this.#characters = characters
    this.unknown = requirePiece(vocabulary, '[UNK]')
    this.#markers = markers.flatMap((text) => {
      const row = vocabulary.indexOf(text)
      return row < 0 ? [] : [[text, row] as const]
    })
    for (let code = 0; code < 128; code++) {
      const text = String.fromCharCode(code)
      const kind = characters.classOf(code)
      this.#classes[code] = kind === MAPPED ? WORD : kind
      this.#lower[code] = text.toLowerCase().charCodeAt(0)
      const row = vocabulary.indexOf(text)
      this.#isolated[code] = row < 0 ? this.unknown : row
    }
  }

  clear(): void {
    this.count = 0
  }

  /** Appends the tokens of `text.slice(from, to)`. */
  scan(text: string, from: number, to: number): void {
    const classes = this.#classes
    const lower = this.#lower
    const word = this.#word
    let i = from
    while (i < to) {
      let code = text.charCodeAt(i)
      if (code >= 128) {
        i = this.#slow(text, i, to)
        continue
      }
      const kind = classes[code]!
      if (kind === WORD) {
        let hash = START
        let units = 0
        do {
          const unit = lower[code]!
          word[units++] = unit
          hash = Math.imul(hash ^ unit, 0x01000193)
          code = i + units < to ? text.charCodeAt(i + units) : 0x20
        } while (code < 128 && classes[code] === WORD && units < longestWord)
        if (code < 128 && classes[code] !== WORD && classes[code] !== REMOVED) {
          const row = this.#vocabulary.find(word, 0, units, hash, START)
          if (row >= 0) this.#emit(row, i + units)
          else this.#split(units, i)
          i += units
        } else {
          i = this.#slow(text, i, to)
        }
      } else if (kind === ISOLATED) {
        const length = code === openBracket ? this.#marker(text, i, to) : 0
        if (length === 0) this.#emit(this.#isolated[code]!, i + 1)
        i += length === 0 ? 1 : length
      } else {
        i++
      }
    }
  }

  /** Emits the marker that begins at `at` and returns its length, or 0. */
  #marker(text: string, at: number, to: number): number {
    for (const [marker, row] of this.#markers) {
      if (at + marker.length <= to && text.startsWith(marker, at)) {
        this.#emit(row, at + marker.length)
        return marker.length
      }
    }
    return 0
  }

  /** One word with anything unusual in it, and the single token that ends it. Returns where to go on. */
  #slow(text: string, from: number, to: number): number {
    const characters = this.#characters
    this.#units = 0
    this.#points = 0
    let i = from
    while (i < to) {
      const point = text.codePointAt(i)!
      const width = point >= 0x10000 && i + 2 <= to ? 2 : 1
      const kind = point < 128 ? this.#classes[point]! : characters.classOf(point)
      if (point < 128 && (kind === SPACE || kind === ISOLATED)) break
      i += width
      if (kind === WORD) {
        this.#push(point < 128 ? this.#lower[point]! : point, i)
      } else if (kind === MAPPED) {
        for (const character of characters.replacement(point)) {
          const normal = character.codePointAt(0)!
          const becomes = classOfReplacement(character)
          if (becomes === WORD) this.#push(normal, i)
          else this.#flush()
          if (becomes === ISOLATED) this.#single(normal, i)
        }
      } else if (kind !== REMOVED) {
        this.#flush()
        if (kind === ISOLATED) this.#single(point, i)
        return i
      }
    }
    this.#flush()
    return i
  }

  #push(point: number, end: number): void {
    if (++this.#points > longestWord) {
      this.#wordEnds[0] = end
      return
    }
    if (point >= 0x10000) {
      this.#wordEnds[this.#units] = end
      this.#word[this.#units++] = 0xd800 + ((point - 0x10000) >> 10)
      this.#wordEnds[this.#units] = end
      this.#word[this.#units++] = 0xdc00 + ((point - 0x10000) & 0x3ff)
      return
    }
    this.#wordEnds[this.#units] = end
    this.#word[this.#units++] = point
  }

  #single(point: number, end: number): void {
    this.#push(point, end)
    this.#flush()
  }

  #flush(): void {
    if (this.#points > longestWord) this.#emit(this.unknown, this.#wordEnds[0]!)
    else if (this.#units > 0) this.#split(this.#units, -1)
    this.#units = 0
    this.#points = 0
  }

  /**
   * Longest piece first over `#word[0, units)`; a word with a rest that no piece covers is unknown as a whole.
   * @param base where the word begins when its units stand one for one in the text, or -1 to use `#wordEnds`.
   */
  #split(units: number, base: number): void {
    const vocabulary = this.#vocabulary
    const word = this.#word
    const prefix = this.#prefix
    const first = this.count
    let from = 0
    let seed = START
    while (from < units) {
      const limit = Math.min(units, from + vocabulary.longest)
      let hash = seed
      for (let i = from; i < limit; i++) {
        hash = step(hash, word[i]!)
        prefix[i] = hash
      }
      let to = limit
      let row = -1
      for (; to > from; to--) {
        row = vocabulary.find(word, from, to, prefix[to - 1]!, seed)
        if (row >= 0) break
      }
      if (row < 0) {
        this.count = first
        this.#emit(this.unknown, base < 0 ? this.#wordEnds[units - 1]! : base + units)
        return
      }
      this.#emit(row, base < 0 ? this.#wordEnds[to - 1]! : base + to)
      from = to
      seed = CONTINUE
    }
  }

  #emit(row: number, end: number): void {
    if (this.count === this.rows.length) this.#grow()
    this.rows[this.count] = row
    this.ends[this.count++] = end
  }

  #grow(): void {
    const rows = new Int32Array(this.rows.length * 2)
    rows.set(this.rows)
    this.rows = rows
    const ends = new Uint32Array(this.ends.length * 2)
    ends.set(this.ends)
    this.ends = ends
  }
}
