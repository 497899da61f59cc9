import { CR, indexOrEnd, isBlankCode, LF, TAB } from './characters.js'

/**
 * Walks a text line by line and, inside the line, column by column with tab stops of four: CommonMark
 * measures indentation in columns, and a container may consume a part of a tab.
 */
export class LineCursor {
  readonly text: string
  /** Start of the line, and its end without the line ending. */
  lineStart = 0
  lineEnd = 0
  /** Where the next line starts. */
  nextLine: number
  /** Current place in the line: offset, column, and columns left of a tab that was consumed in part. */
  offset = 0
  column = 0
  partTab = 0
  /** First character that is no blank, as found by `look`. */
  nonspace = 0
  nonspaceColumn = 0
  /** Columns between the current place and that character. */
  indent = 0
  blank = false
  /** The next line feed and carriage return from the line's start on, or the text's end: each is searched once. */
  #lineFeed = -1
  #carriageReturn = -1

  constructor(text: string, start: number) {
    this.text = text
    this.nextLine = start
  }

  /** Moves to the next line; false at the end of the text. */
  advanceLine(): boolean {
    const { text } = this
    if (this.nextLine >= text.length) return false
    const start = this.nextLine
    this.lineStart = start
    if (this.#lineFeed < start) this.#lineFeed = indexOrEnd(text, '\n', start)
    if (this.#carriageReturn < start) this.#carriageReturn = indexOrEnd(text, '\r', start)
    const end = Math.min(this.#lineFeed, this.#carriageReturn)
    this.lineEnd = end
    this.nextLine = text.charCodeAt(end) === CR && text.charCodeAt(end + 1) === LF ? end + 2 : end + 1
    this.offset = start
    this.column = 0
    this.partTab = 0
    return true
  }

  /** Finds the next character that is no blank. */
  look(): void {
    const { text } = this
    let at = this.offset
    let column = this.column
    if (this.partTab > 0) {
      column += this.partTab
      at++
    }
    while (at < this.lineEnd) {
      const code = text.charCodeAt(at)
      if (!isBlankCode(code)) break
      column += code === TAB ? 4 - (column & 3) : 1
      at++
    }
    this.nonspace = at
    this.nonspaceColumn = column
    this.indent = column - this.column
    this.blank = at === this.lineEnd
  }

  toNonspace(): void {
    this.offset = this.nonspace
    this.column = this.nonspaceColumn
    this.partTab = 0
    this.indent = 0
  }

  /** Consumes characters that are no tabs. */
  skip(count: number): void {
    this.offset += count
    this.column += count
  }

  /** Consumes up to `columns` columns of blanks; a tab may be consumed in part. */
  skipColumns(columns: number): void {
    let left = columns
    while (left > 0 && this.offset < this.lineEnd) {
      const code = this.text.charCodeAt(this.offset)
      if (code === TAB) {
        const width = this.partTab > 0 ? this.partTab : 4 - (this.column & 3)
        if (width > left) {
          this.partTab = width - left
          this.column += left
          return
        }
        this.column += width
        this.partTab = 0
        left -= width
      } else {
        if (!isBlankCode(code)) return
        this.column++
        left--
      }
      this.offset++
    }
  }
}
