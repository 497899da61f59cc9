import type { Mark, MarkKind, OffsetMap } from '@tesserae/core'
import type { Selection } from './main-content.js'
import { OriginRuns } from './origin-runs.js'
import type { NodeTracer } from './trace-node.js'
import { copySpan, joinTraced, sourceEnd, sourceStart, type TracedText } from './traced-text.js'
import { type HtmlTree, nameOf } from './tree.js'

/** Elements that begin and end a line; 2 for those with a blank line around them. */
const BREAKS: { readonly [name: string]: 1 | 2 } = {
  ...{ p: 2, h1: 2, h2: 2, h3: 2, h4: 2, h5: 2, h6: 2, ul: 2, ol: 2, dl: 2, table: 2, pre: 2, blockquote: 2 },
  ...{ figure: 2, article: 2, section: 2, main: 2, header: 2, footer: 2, aside: 2, nav: 2, hr: 2, form: 2 },
  ...{ details: 2, fieldset: 2, div: 1, li: 1, dt: 1, dd: 1, tr: 1, caption: 1, figcaption: 1, address: 1 },
  ...{
    thead: 1,
    tbody: 1,
    tfoot: 1,
    summary: 1,
    body: 1,
    html: 1,
    center: 1,
    hgroup: 1,
    legend: 1,
    search: 1,
    dialog: 1,
  },
}

const MARKS: { readonly [name: string]: MarkKind } = {
  ...{ h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading', h5: 'heading', h6: 'heading' },
  ...{ p: 'paragraph', ul: 'list', ol: 'list', dl: 'list', table: 'table', tr: 'row', pre: 'code' },
  blockquote: 'quote',
}

/** Longer headings are cut in their label: nested ones would otherwise copy a long text once for each. */
const MAX_LABEL = 1000

interface OpenMark {
  readonly kind: MarkKind
  readonly node: number
  /** -1 until the first text is written. */
  start: number
  end: number
}

export interface WriteOptions {
  readonly trace: NodeTracer
  /** Characters of the source. */
  readonly sourceLength: number
  /** What is written after the text of a link; `undefined` writes nothing. @default nothing */
  readonly linkSuffix?: ((href: string) => string | undefined) | undefined
  /** Whether the alternative text of images is written, with an image mark. */
  readonly images: boolean
}

export interface WrittenPage {
  readonly text: string
  readonly marks: readonly Mark[]
  readonly origin: OffsetMap
}

/**
 * Writes the selected nodes as a browser would lay them out as plain text: blanks collapse, blocks stand on
 * lines of their own, cells of a row are separated by ` | `, `pre` is kept as it is. Tables that hold other
 * tables only lay the page out: their cells are blocks and they have no marks.
 */
export function writeText(tree: HtmlTree, selection: Selection, options: WriteOptions): WrittenPage {
  const writer = new TextWriter(tree, options)
  for (const root of selection.roots) writer.write(root, selection.dropped)
  return writer.finish()
}

class TextWriter {
  readonly #tree: HtmlTree
  readonly #options: WriteOptions
  readonly #layout: Uint8Array
  /** 1 for rows of which a cell was written. */
  readonly #rowsBegun: Uint8Array
  readonly #parts: string[] = []
  readonly #marks: OpenMark[] = []
  readonly #open: OpenMark[] = []
  readonly #runs = new OriginRuns(0)
  /** How many of the open marks have text. */
  #started = 0
  #length = 0
  /** What is due before the next text: line ends, a space, separators of cells. */
  #lines = 0
  #space = false
  /** Where the blanks lie that made the space due; equal when it is invented. */
  #spaceStart = 0
  #spaceEnd = 0
  #cells = 0
  /** Depth of `pre` elements and the text collected in them: text of the page, and invented line ends. */
  #preserved = 0
  #raw: (TracedText | string)[] = []

  constructor(tree: HtmlTree, options: WriteOptions) {
    this.#tree = tree
    this.#options = options
    this.#layout = layoutTables(tree)
    this.#rowsBegun = new Uint8Array(tree.nodes.length)
  }

  write(root: number, dropped: Uint8Array): void {
    const { ends, nodes } = this.#tree
    const open: number[] = []
    const stop = ends[root]!
    this.#break(2)
    for (let index = root; index < stop; index = this.#next(index, dropped)) {
      while (open.length > 0 && index >= ends[open.at(-1)!]!) this.#leave(open.pop()!)
      if (dropped[index] === 1) continue
      const node = nodes[index]!
      if (node.type === 'text') this.#text(this.#options.trace(node))
      else {
        this.#enter(index)
        open.push(index)
      }
    }
    while (open.length > 0) this.#leave(open.pop()!)
  }

  #next(index: number, dropped: Uint8Array): number {
    return dropped[index] === 1 ? this.#tree.ends[index]! : index + 1
  }

  finish(): WrittenPage {
    const text = this.#parts.join('')
    const marks: Mark[] = []
    for (const { kind, node, start, end } of this.#marks) {
      if (start < 0 || end <= start) continue
      const level = kind === 'heading' ? Number(nameOf(this.#tree, node).slice(1)) : undefined
      const label = this.#label(kind, node, text.slice(start, Math.min(end, start + MAX_LABEL)))
      marks.push({
        kind,
        start,
        end,
        ...(level === undefined ? {} : { level }),
        ...(label === undefined || label === '' ? {} : { label }),
      })
    }
    return { text, marks, origin: this.#runs.close(this.#options.sourceLength) }
  }

  #label(kind: MarkKind, node: number, text: string): string | undefined {
    if (kind === 'heading' || kind === 'image') return text.replace(/\s+/g, ' ')
    if (kind !== 'code') return undefined
    const inner = this.#tree.nodes[node]!.children?.find((child) => child.name === 'code')
    const classes = `${this.#tree.nodes[node]!.attribs?.class ?? ''} ${inner?.attribs?.class ?? ''}`
    return /\b(?:language|lang|highlight-source)-([\w+#-]+)/.exec(classes)?.[1]
  }

  #enter(index: number): void {
    const name = nameOf(this.#tree, index)
    if (name === 'br') {
      if (this.#preserved > 0) this.#raw.push('\n')
      else this.#lines = Math.min(2, this.#lines + 1)
      return
    }
    if (name === 'td' || name === 'th') this.#enterCell(index)
    const lines = BREAKS[name]
    if (lines !== undefined) this.#break(lines)
    const kind = this.#kindOf(index, name)
    if (kind !== undefined) this.#openMark(kind, index)
    if (name === 'pre') this.#preserved++
    if (name === 'img' && this.#options.images) this.#image(index)
  }

  #leave(index: number): void {
    const name = nameOf(this.#tree, index)
    if (name === 'a') this.#link(this.#tree.nodes[index]!.attribs?.href)
    if (name === 'pre' && --this.#preserved === 0) this.#flushRaw()
    if (this.#kindOf(index, name) !== undefined) this.#closeMark()
    if (name === 'tr') this.#cells = 0
    const lines = BREAKS[name]
    if (lines !== undefined) this.#break(lines)
  }

  #kindOf(index: number, name: string): MarkKind | undefined {
    const kind = MARKS[name]
    return (kind === 'table' || kind === 'row') && this.#layout[index] === 1 ? undefined : kind
  }

  /** A cell after another one of its row is separated from it, whatever blocks either holds. */
  #enterCell(index: number): void {
    if (this.#layout[index] === 1) {
      this.#break(1)
      return
    }
    const row = this.#tree.parents[index]!
    if (this.#rowsBegun[row] === 0) {
      this.#rowsBegun[row] = 1
      return
    }
    this.#cells++
    this.#space = false
    if (this.#cells === 1 && this.#rowHasText(row)) this.#lines = 0
  }

  #rowHasText(row: number): boolean {
    const open = this.#open.at(-1)
    return open !== undefined && open.node === row && open.start >= 0
  }

  #break(lines: number): void {
    if (this.#preserved > 0) {
      const last = this.#raw.at(-1)
      if (last !== undefined && !(typeof last === 'string' ? last : last.text).endsWith('\n')) {
        this.#raw.push('\n')
      }
    } else if (this.#cells === 0 && this.#lines < lines) this.#lines = lines
  }

  #text(traced: TracedText): void {
    if (this.#preserved > 0) {
      this.#raw.push(traced)
      return
    }
    const { text } = traced
    const end = text.trimEnd().length
    const start = end === 0 ? text.length : text.length - text.trimStart().length
    if (start > 0) this.#blank(traced, 0, start)
    if (end === 0) return
    this.#lead()
    this.#copy(traced, start, end, /[ \t\n\f\r]{2,}|[\t\n\f\r]/g, ' ')
    if (end < text.length) this.#blank(traced, end, text.length)
  }

  /** Blanks at the edge of a text: together they are one space. A mark of byte order there shows nothing. */
  #blank(traced: TracedText, from: number, to: number): void {
    if (this.#space || /^\ufeff+$/.test(traced.text.slice(from, to))) return
    this.#space = true
    this.#spaceStart = sourceStart(traced, from)
    this.#spaceEnd = sourceEnd(traced, to)
  }

  #flushRaw(): void {
    const traced = joinTraced(this.#raw)
    this.#raw = []
    const { text } = traced
    const end = text.trimEnd().length
    if (end === 0) return
    this.#lead()
    this.#copy(traced, /^(?:\r\n?|\n)?/.exec(text)![0].length, end, /\r\n?/g, '\n')
  }

  /** Writes text of the page with what `pattern` matches replaced. */
  #copy(traced: TracedText, from: number, to: number, pattern: RegExp, replacement: string): void {
    const part = traced.text.slice(from, to)
    const text = part.replace(pattern, replacement)
    this.#put(text)
    if (text.length === part.length) {
      copySpan(traced, from, to, this.#runs)
      return
    }
    let at = from
    for (const match of part.matchAll(pattern)) {
      if (match[0].length === replacement.length) continue
      const start = from + match.index
      const end = start + match[0].length
      copySpan(traced, at, start, this.#runs)
      this.#runs.addFrom(replacement.length, sourceStart(traced, start), sourceEnd(traced, end))
      at = end
    }
    copySpan(traced, at, to, this.#runs)
  }

  /** Writes what is due before a text, and begins the marks that it is the first text of. */
  #lead(): void {
    if (this.#length > 0) {
      if (this.#lines > 0) this.#invent('\n'.repeat(this.#lines))
      else if (this.#cells > 0) this.#invent(' ')
      else if (this.#space) {
        this.#put(' ')
        if (this.#spaceStart < this.#spaceEnd) this.#runs.addFrom(1, this.#spaceStart, this.#spaceEnd)
        else this.#runs.add(1, 0)
      }
    }
    for (; this.#started < this.#open.length; this.#started++) this.#open[this.#started]!.start = this.#length
    if (this.#cells > 0) this.#invent('| '.repeat(this.#cells))
    this.#lines = 0
    this.#cells = 0
    this.#space = false
  }

  /** Text that no character of the page stands for. */
  #invent(text: string): void {
    this.#put(text)
    this.#runs.add(text.length, 0)
  }

  #put(text: string): void {
    this.#parts.push(text)
    this.#length += text.length
  }

  #openMark(kind: MarkKind, node: number): void {
    const mark: OpenMark = { kind, node, start: -1, end: -1 }
    this.#marks.push(mark)
    this.#open.push(mark)
  }

  #closeMark(): void {
    const mark = this.#open.pop()!
    mark.end = this.#length
    this.#started = Math.min(this.#started, this.#open.length)
  }

  #image(index: number): void {
    const alt = this.#tree.nodes[index]!.attribs?.alt?.replace(/\s+/g, ' ').trim() ?? ''
    if (alt === '' || this.#preserved > 0) return
    const { startIndex, endIndex } = this.#tree.nodes[index]!
    this.#openMark('image', index)
    this.#lead()
    this.#put(alt)
    this.#runs.addFrom(alt.length, startIndex ?? 0, (endIndex ?? -1) + 1)
    this.#closeMark()
  }

  #link(href: string | undefined): void {
    if (href === undefined || this.#preserved > 0) return
    const suffix = this.#options.linkSuffix?.(href)
    if (suffix === undefined || this.#length === 0 || this.#lines > 0) return
    this.#space = true
    this.#spaceStart = this.#spaceEnd
    this.#lead()
    this.#invent(suffix)
  }
}

/** Tables with a table inside, or said to be for presentation, and their rows and cells: 1. */
function layoutTables(tree: HtmlTree): Uint8Array {
  const { nodes, parents } = tree
  const layout = new Uint8Array(nodes.length)
  const tables = new Int32Array(nodes.length).fill(-1)
  for (let index = 1; index < nodes.length; index++) {
    const outer = tables[parents[index]!]!
    tables[index] = outer
    if (nameOf(tree, index) !== 'table') continue
    if (outer >= 0) layout[outer] = 1
    const role = nodes[index]!.attribs?.role
    if (role === 'presentation' || role === 'none') layout[index] = 1
    tables[index] = index
  }
  for (let index = 1; index < nodes.length; index++) {
    const table = tables[index]!
    if (table >= 0 && layout[table] === 1) layout[index] = 1
  }
  return layout
}
