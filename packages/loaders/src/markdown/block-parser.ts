import { type Block, type BlockType, listMarker, newBlock } from './blocks.js'
import { isBlankCode, runEnd, skipBlanks, trimBlanks } from './characters.js'
import { endsHtmlBlock, htmlBlockKind } from './html-blocks.js'
import { addInlineMarks, type InlineSource } from './inline-marks.js'
import { LineCursor } from './line-cursor.js'
import { MAX_MARKS, type OpenMark, openMark } from './marks.js'
import { headingContent, takeDefinitions } from './paragraph.js'
import { cellCount, delimiterColumns } from './tables.js'

/** Containers deeper than this are read as text: no document nests so far, and every line pays for each level. */
const MAX_DEPTH = 100

/** Lines of one paragraph that are searched for definitions and images. */
const MAX_INLINE_LINES = 100_000

/** Characters that can begin a block, by their code; a line with any other is paragraph text. */
const MAY_BEGIN_BLOCK = Uint8Array.from({ length: 128 }, (_, code) =>
  '#`~*+_=<>:|0123456789-'.includes(String.fromCharCode(code)) ? 1 : 0,
)

const GREATER = 62
const HASH = 35
const BACKTICK = 96
const TILDE = 126
const LESS = 60
const EQUALS = 61
const STAR = 42
const DASH = 45
const UNDERSCORE = 95

/** What a line began: nothing, a container whose content follows, or a leaf that took the whole line. */
type Started = 'none' | 'container' | 'leaf'

/**
 * Block structure of CommonMark 0.31.2 with GFM tables, as marks on the text itself. One pass over the lines,
 * in the order the specification's appendix describes: match the open containers, try the block starts, and
 * else continue a leaf. Work per line is bounded by its length and the nesting depth. Inline markup is only
 * read for heading labels and images, once all definitions are known.
 */
export class BlockParser {
  readonly #text: string
  readonly #cursor: LineCursor
  readonly #marks: OpenMark[] = []
  readonly #open: Block[] = [newBlock('document', 0)]
  readonly #definitions = new Set<string>()
  readonly #inline: InlineSource[] = []
  #blankBefore = false

  constructor(text: string, start: number) {
    this.#text = text
    this.#cursor = new LineCursor(text, start)
  }

  get overflowed(): boolean {
    return this.#marks.length > MAX_MARKS
  }

  /** Reads lines until about `characters` more were read; false when there is nothing left to do. */
  run(characters: number): boolean {
    const stop = this.#cursor.nextLine + characters
    while (this.#cursor.nextLine < stop) {
      if (this.overflowed || !this.#cursor.advanceLine()) return false
      this.#line()
    }
    return true
  }

  /** Closes all blocks, then reads the inline markup that waited for definitions further down. */
  finish(): readonly OpenMark[] {
    this.#closeTo(1)
    return addInlineMarks(this.#text, this.#marks, this.#inline, this.#definitions)
  }

  #line(): void {
    const cursor = this.#cursor
    const top = this.#open.at(-1)!
    cursor.look()
    // A second blank line changes nothing: skipping it keeps blank lines below deep lists cheap.
    if (cursor.blank && this.#blankBefore && top.type !== 'fence' && top.type !== 'html') return
    this.#blankBefore = cursor.blank
    let depth = 1
    for (; depth < this.#open.length; depth++) {
      cursor.look()
      const block = this.#open[depth]!
      if (block.type === 'fence' && this.#closesFence(block)) {
        block.mark.end = cursor.lineEnd
        this.#closeTo(depth)
        return
      }
      if (!this.#continues(block)) break
    }
    cursor.look()
    const lazy = depth < this.#open.length && top.type === 'paragraph'
    const reached = this.#open[depth - 1]!
    if (reached.type !== 'fence' && reached.type !== 'html' && reached.type !== 'indented') {
      for (;;) {
        const started = this.#start(depth, lazy && this.#open.at(-1) === top)
        if (started === 'leaf') return
        if (started === 'none') break
        depth = this.#open.length
        cursor.look()
      }
    }
    if (lazy && !cursor.blank && this.#open.at(-1) === top) this.#addParagraphLine(top)
    else this.#addRest(depth)
  }

  /** Whether the line carries on an open block; consumes the block's prefix if so. */
  #continues(block: Block): boolean {
    const cursor = this.#cursor
    switch (block.type) {
      case 'quote':
        return (
          cursor.indent < 4 &&
          this.#text.charCodeAt(cursor.nonspace) === GREATER &&
          !cursor.blank &&
          this.#quotePrefix()
        )
      case 'item':
        if (cursor.blank) {
          cursor.toNonspace()
          return !block.empty
        }
        if (cursor.indent < block.size) return false
        cursor.skipColumns(block.size)
        return true
      case 'fence':
        cursor.skipColumns(Math.min(cursor.indent, block.size))
        return true
      case 'indented':
        if (!cursor.blank && cursor.indent < 4) return false
        cursor.skipColumns(4)
        return true
      case 'html':
        return !cursor.blank || block.size < 6
      case 'paragraph':
      case 'table':
        return !cursor.blank
      default:
        return true
    }
  }

  #quotePrefix(): true {
    const cursor = this.#cursor
    cursor.toNonspace()
    cursor.skip(1)
    cursor.skipColumns(1)
    return true
  }

  #closesFence(block: Block): boolean {
    const { nonspace, lineEnd, indent } = this.#cursor
    if (indent > 3 || this.#text[nonspace] !== block.character) return false
    const end = runEnd(this.#text, nonspace, lineEnd, block.character.charCodeAt(0))
    return end - nonspace >= block.length && skipBlanks(this.#text, end, lineEnd) === lineEnd
  }

  /** Tries every way a block can begin here, in the order of the specification. */
  #start(depth: number, lazy: boolean): Started {
    const cursor = this.#cursor
    if (cursor.blank) return 'none'
    const container = this.#open[depth - 1]!
    if (cursor.indent >= 4) {
      if (container.type === 'paragraph' || lazy) return 'none'
      cursor.skipColumns(4)
      const code = this.#add(depth, 'indented', cursor.offset)
      code.mark.end = cursor.lineEnd
      return 'leaf'
    }
    const code = this.#text.charCodeAt(cursor.nonspace)
    if (MAY_BEGIN_BLOCK[code] !== 1) return 'none'
    if (code === GREATER) {
      if (depth > MAX_DEPTH) return 'none'
      const start = cursor.nonspace
      this.#quotePrefix()
      this.#add(depth, 'quote', start).mark.end = start + 1
      return 'container'
    }
    if (code === HASH && this.#startHeading(depth)) return 'leaf'
    if ((code === BACKTICK || code === TILDE) && this.#startFence(depth, code)) return 'leaf'
    if (code === LESS && this.#startHtml(depth, container.type === 'paragraph' || lazy)) return 'leaf'
    if (container.type === 'paragraph' && this.#underline(depth, code)) return 'leaf'
    if ((code === STAR || code === DASH || code === UNDERSCORE) && this.#isRule(code)) {
      this.#closeTo(depth)
      this.#closeLeafOrList()
      this.#reach(cursor.lineEnd)
      return 'leaf'
    }
    if (this.#startItem(depth, container)) return 'container'
    return container.type === 'paragraph' && this.#startTable(depth) ? 'leaf' : 'none'
  }

  /** Three or more of the character and nothing else but blanks. */
  #isRule(code: number): boolean {
    const { nonspace, lineEnd } = this.#cursor
    let count = 0
    for (let at = nonspace; at < lineEnd; at++) {
      const next = this.#text.charCodeAt(at)
      if (next === code) count++
      else if (!isBlankCode(next)) return false
    }
    return count >= 3
  }

  #startHeading(depth: number): boolean {
    const { nonspace, lineEnd } = this.#cursor
    const end = runEnd(this.#text, nonspace, lineEnd, HASH)
    const level = end - nonspace
    if (level > 6 || (end < lineEnd && !isBlankCode(this.#text.charCodeAt(end)))) return false
    this.#closeTo(depth)
    this.#closeLeafOrList()
    const mark = this.#leaf('heading', nonspace, lineEnd)
    mark.level = level
    this.#inline.push({ mark, lines: headingContent(this.#text, nonspace + level, lineEnd) })
    return true
  }

  #startFence(depth: number, code: number): boolean {
    const { nonspace, lineEnd, indent } = this.#cursor
    const length = runEnd(this.#text, nonspace, lineEnd, code) - nonspace
    if (length < 3) return false
    const info = this.#text.slice(nonspace + length, lineEnd)
    if (code === BACKTICK && info.includes('`')) return false
    const fence = this.#add(depth, 'fence', nonspace, indent, this.#text[nonspace], length)
    fence.mark.end = lineEnd
    fence.mark.label = /^\s*(\S{1,100})/.exec(info)?.[1]
    return true
  }

  #startHtml(depth: number, insideParagraph: boolean): boolean {
    const { nonspace, lineEnd } = this.#cursor
    const line = this.#text.slice(nonspace, lineEnd)
    const kind = htmlBlockKind(line, insideParagraph)
    if (kind === 0) return false
    const html = this.#add(depth, 'html', nonspace, kind)
    this.#addHtmlLine(html)
    return true
  }

  /** A delimiter row below a paragraph's last line of as many cells makes that line a table's header. */
  #startTable(depth: number): boolean {
    const paragraph = this.#open[depth - 1]!
    const { nonspace, lineEnd } = this.#cursor
    const columns = delimiterColumns(this.#text, nonspace, lineEnd)
    const { lines } = paragraph
    if (columns === 0 || lines.length < 2 || lines.length >= 2 * MAX_INLINE_LINES) return false
    const start = lines.at(-2)!
    const end = lines.at(-1)!
    if (cellCount(this.#text, start, end) !== columns) return false
    lines.length -= 2
    if (lines.length === 0) {
      paragraph.mark.kind = undefined
    } else {
      paragraph.mark.end = lines.at(-1)!
    }
    const table = this.#add(depth, 'table', start)
    this.#addRow(table, start, end)
    table.mark.end = lineEnd
    return true
  }

  /** `===` or `---` below a paragraph that is more than definitions makes it a heading. */
  #underline(depth: number, code: number): boolean {
    const { nonspace, lineEnd } = this.#cursor
    if (code !== EQUALS && code !== DASH) return false
    const end = runEnd(this.#text, nonspace, lineEnd, code)
    if (skipBlanks(this.#text, end, lineEnd) < lineEnd) return false
    const paragraph = this.#open[depth - 1]!
    takeDefinitions(this.#text, paragraph, this.#definitions)
    if (paragraph.lines.length === 0) return false
    const { mark, lines } = paragraph
    mark.kind = 'heading'
    mark.level = code === EQUALS ? 1 : 2
    mark.end = lineEnd
    this.#inline.push({ mark, lines: [...lines.slice(0, 200)] })
    lines.length = 0
    this.#closeTo(depth - 1)
    return true
  }

  #startItem(depth: number, container: Block): boolean {
    const cursor = this.#cursor
    const marker = listMarker(this.#text, cursor.nonspace, cursor.lineEnd)
    if (marker === undefined || depth > MAX_DEPTH) return false
    const { nonspace, indent } = cursor
    const after = nonspace + marker.length
    const blankItem = skipBlanks(this.#text, after, cursor.lineEnd) === cursor.lineEnd
    if (container.type === 'paragraph' && (blankItem || (marker.number ?? 1) !== 1)) return false
    cursor.toNonspace()
    cursor.skip(marker.length)
    cursor.look()
    // Content starts after one to four columns; after one where code or nothing follows.
    const padding = blankItem || cursor.indent > 4 ? 1 : cursor.indent
    cursor.skipColumns(padding)
    if (container.type !== 'list' || container.character !== marker.character) {
      this.#add(depth, 'list', nonspace, 0, marker.character)
      this.#push('item', nonspace, indent + marker.length + padding)
    } else {
      this.#closeTo(depth)
      this.#push('item', nonspace, indent + marker.length + padding)
    }
    this.#open.at(-1)!.mark.end = after
    return true
  }

  /** Gives the rest of the line to the innermost block that the line reached. */
  #addRest(depth: number): void {
    this.#closeTo(depth)
    const cursor = this.#cursor
    const block = this.#open.at(-1)!
    if (block.type === 'fence') block.mark.end = cursor.lineEnd
    else if (block.type === 'html') this.#addHtmlLine(block)
    else if (cursor.blank) return
    else if (block.type === 'indented') block.mark.end = cursor.lineEnd
    else if (block.type === 'table') {
      this.#addRow(block, cursor.nonspace, trimBlanks(this.#text, cursor.nonspace, cursor.lineEnd))
      block.mark.end = cursor.lineEnd
    } else if (block.type === 'paragraph') this.#addParagraphLine(block)
    else this.#addParagraphLine(this.#add(depth, 'paragraph', cursor.nonspace))
  }

  #addParagraphLine(paragraph: Block): void {
    const { nonspace, lineEnd } = this.#cursor
    if (paragraph.lines.length === 0) {
      // New, or all lines so far were definitions.
      paragraph.mark.kind = 'paragraph'
      paragraph.mark.start = nonspace
    }
    paragraph.mark.end = lineEnd
    if (paragraph.lines.length < 2 * MAX_INLINE_LINES) paragraph.lines.push(nonspace, lineEnd)
  }

  #addHtmlLine(html: Block): void {
    const { offset, lineEnd } = this.#cursor
    html.mark.end = lineEnd
    if (endsHtmlBlock(html.size, this.#text.slice(offset, lineEnd))) this.#closeTo(this.#open.length - 1)
  }

  #addRow(table: Block, start: number, end: number): void {
    const mark = this.#leaf('row', start, end)
    this.#inline.push({ mark, lines: [start, end] })
    table.mark.end = end
  }

  /** A mark without an open block. */
  #leaf(kind: 'heading' | 'row', start: number, end: number): OpenMark {
    const mark = openMark(kind, start)
    mark.end = end
    this.#marks.push(mark)
    this.#reach(end)
    return mark
  }

  /** The innermost open block holds something that ends there. */
  #reach(end: number): void {
    const parent = this.#open.at(-1)!
    parent.empty = false
    parent.mark.end = Math.max(parent.mark.end, end)
  }

  /** Opens a block below the first `depth` open ones; what cannot hold it is closed. */
  #add(depth: number, type: BlockType, start: number, size = 0, character = '', length = 0): Block {
    this.#closeTo(depth)
    this.#closeLeafOrList()
    return this.#push(type, start, size, character, length)
  }

  #push(type: BlockType, start: number, size = 0, character = '', length = 0): Block {
    const block = newBlock(type, start, size, character, length)
    this.#open.at(-1)!.empty = false
    this.#open.push(block)
    if (block.mark.kind !== undefined) this.#marks.push(block.mark)
    return block
  }

  /** Lists hold items only, and leaves hold nothing. */
  #closeLeafOrList(): void {
    const { type } = this.#open.at(-1)!
    if (type !== 'document' && type !== 'quote' && type !== 'item') this.#closeTo(this.#open.length - 1)
  }

  #closeTo(depth: number): void {
    while (this.#open.length > depth) {
      const block = this.#open.pop()!
      if (block.type === 'paragraph' && block.lines.length > 0) {
        takeDefinitions(this.#text, block, this.#definitions)
        if (block.lines.length > 0) this.#inline.push({ mark: block.mark, lines: block.lines })
        else block.mark.kind = undefined
      }
      const parent = this.#open.at(-1)!
      parent.mark.end = Math.max(parent.mark.end, block.mark.end)
    }
  }
}
