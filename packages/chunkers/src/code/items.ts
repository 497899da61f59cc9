import type { Node } from 'web-tree-sitter'
import { skipBlanks, trimBlanks } from '../internal/classes.js'
import type { Pace } from '../structural/pace.js'
import { hasBlankLine, withIndentation } from './line-cuts.js'

/** A part of a syntax node that rather stays whole: a member with its comments, decorators and punctuation. */
export interface Item {
  readonly start: number
  readonly end: number
  /** Where the member's own comments, decorators or text start: behind the head of the node around it. */
  readonly ownStart: number
  /** The member to look into when the item is too large. */
  readonly node: Node | undefined
  readonly isAfterBlankLine: boolean
}

export interface ItemScope {
  readonly text: string
  readonly classes: Uint8Array
  isOversize(start: number, end: number): boolean
  readonly pace: Pace
}

/** Nodes whose children are equals; in all others only children that are too large are members. */
const LISTS =
  /(?:^|_)(?:program|module|source_file|translation_unit|compilation_unit|block|body|list|body_statement|compound_statement|object|array|dictionary|set|tuple|group)$|^preproc_(?:if|ifdef|else|elif)|^jsx_(?:element|fragment)$/
/** Bodies, for which what stands in front of them is the head. */
const BLOCKS = /(?:^|_)(?:block|body|compound_statement|declaration_list|statement_list|object|group)$/
/** Nodes without parts that mean anything on their own. */
const LEAVES = /string|comment|heredoc|token_tree|^regex/
const COMPOSED_STRINGS = /concatenated/
/** Nodes with more children hold data: listing them takes long and tells little. */
const MAX_CHILDREN = 50_000
const COMMENTS = /comment/
/** They belong to the declaration behind them. */
const LEADS = /^(?:decorator|attribute_item|attribute_list|annotation|marker_annotation|access_specifier)$/
const CLOSERS = /^(?:[)\]},;>]|end|fi|done|esac)$/

/** Collects the items of one node; members and what belongs to them come in order of their offsets. */
class ItemCollector {
  readonly #text: string
  readonly #classes: Uint8Array
  readonly #items: { start: number; end: number; ownStart: number; node: Node | undefined }[] = []
  /** Text of the node's own head or punctuation that waits for the next member, from here on; or -1. */
  #pending = -1
  /** Comments and decorators that wait for the next member; or -1. */
  #lead = -1
  #leadEnd = -1
  #isLeadComment = false
  /** Everything before is in an item or waits. */
  at: number

  constructor({ text, classes }: ItemScope, start: number) {
    this.#text = text
    this.#classes = classes
    this.at = start
  }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  startsLine(offset: number): boolean {
    for (let at = offset - 1; at >= this.at; at--) if (isLineBreak(this.#text.charCodeAt(at))) return true
    return false
  }

  addMember(start: number, end: number, node: Node): void {
    const isApart = this.#isLeadComment && hasBlankLine(this.#text, this.#leadEnd, start, this.#classes)
    if (this.#lead >= 0 && isApart) this.#flushLead()
    const ownStart = this.#lead >= 0 ? this.#lead : start
    this.#push(this.#pending >= 0 ? this.#pending : ownStart, end, ownStart, node)
  }

  addComment(start: number, end: number): void {
    const last = this.#items.at(-1)
    const isTrailing = last && this.#pending < 0 && this.#lead < 0 && !this.startsLine(start)
    if (isTrailing) {
      last.end = end
      this.at = end
      return
    }
    if (this.#lead >= 0 && this.#isLeadComment) {
      if (hasBlankLine(this.#text, this.#leadEnd, start, this.#classes)) this.#flushLead()
    }
    this.#extendLead(start, end, this.#lead < 0 || this.#isLeadComment)
  }

  addLead(start: number, end: number): void {
    this.#extendLead(start, end, false)
  }

  /** Punctuation and words of the node itself: behind a member when they close, else in front of the next. */
  addToken(start: number, end: number, isClosing: boolean): void {
    const last = this.#items.at(-1)
    if (isClosing && last && this.#pending < 0) {
      // A comment in front of a closing bracket belongs to the member before it.
      if (this.#lead < 0 || this.#items.length > 0) {
        last.end = end
        this.#lead = -1
        this.at = end
        return
      }
    }
    if (this.#pending < 0) this.#pending = this.#lead >= 0 ? this.#lead : start
    this.#lead = -1
    this.at = end
  }

  finish(start: number, end: number): Item[] {
    const text = this.#text
    const classes = this.#classes
    if (this.#lead >= 0) this.#flushLead()
    const last = this.#items.at(-1)
    if (last) last.end = end
    let previousEnd = start
    return this.#items.map((item, index) => {
      const itemStart = index === 0 ? start : withIndentation(text, item.start, previousEnd, classes)
      const isAfterBlankLine = index > 0 && hasBlankLine(text, previousEnd, item.start, classes)
      const ownStart =
        item.ownStart > item.start || index === 0
          ? withIndentation(text, item.ownStart, itemStart, classes)
          : itemStart
      previousEnd = item.end
      return { start: itemStart, end: item.end, ownStart, node: item.node, isAfterBlankLine }
    })
  }

  #extendLead(start: number, end: number, isComment: boolean): void {
    if (this.#lead < 0) this.#lead = start
    this.#leadEnd = end
    this.#isLeadComment = isComment
    this.at = end
  }

  /** Makes the waiting comments an item of their own. */
  #flushLead(): void {
    this.#push(this.#pending >= 0 ? this.#pending : this.#lead, this.#leadEnd, this.#lead, undefined)
  }

  #push(start: number, end: number, ownStart: number, node: Node | undefined): void {
    this.#items.push({ start, end, ownStart, node })
    this.#pending = -1
    this.#lead = -1
    this.at = end
  }
}

/**
 * The parts of `node` within [start, end), which may reach further than the node itself: what surrounds it has
 * to stay with its first and last part. Together they hold every character of the range that is not blank.
 * Empty for nodes that should be divided at lines.
 */
export async function itemsOf(scope: ItemScope, node: Node, start: number, end: number): Promise<Item[]> {
  const { text, classes, pace } = scope
  const { type, isError } = node
  if (LEAVES.test(type) && !COMPOSED_STRINGS.test(type)) return []
  if (node.childCount > MAX_CHILDREN) return []
  const { children } = node
  const isList = isError || (LISTS.test(type) && node.childForFieldName('body') === null)
  const large = isList ? new Set<Node>() : await largeChildren(scope, children)
  const lastLarge = large.size === 0 ? -1 : children.findLastIndex((child) => large.has(child))
  const collector = new ItemCollector(scope, start)
  for (const [index, child] of children.entries()) {
    const pause = pace()
    if (pause) await pause
    const childStart = skipBlanks(text, Math.max(collector.at, child.startIndex), end, classes)
    const childEnd = trimBlanks(text, childStart, Math.min(end, child.endIndex), classes)
    if (childEnd <= childStart) continue
    // Text that the parser left out of the tree.
    const unseen = skipBlanks(text, collector.at, childStart, classes)
    if (unseen < childStart) collector.addToken(unseen, childStart, false)

    if (!child.isNamed) {
      collector.addToken(childStart, childEnd, CLOSERS.test(child.type))
    } else if (COMMENTS.test(child.type)) {
      collector.addComment(childStart, childEnd)
    } else if (LEADS.test(child.type)) {
      collector.addLead(childStart, childEnd)
    } else if (isMember(child)) {
      collector.addMember(childStart, childEnd, child)
    } else {
      collector.addToken(childStart, childEnd, !isError && index > lastLarge)
    }
  }
  return collector.finish(start, end)

  function isMember(child: Node): boolean {
    if (isError) return collector.isEmpty || collector.startsLine(child.startIndex)
    if (isList || lastLarge < 0) return true
    if (large.has(child)) return true
    return !collector.isEmpty && child.startPosition.row < child.endPosition.row
  }
}

/** Children that are too large on their own; where none is, blocks, so that what stands over one stays with it. */
async function largeChildren(scope: ItemScope, children: readonly Node[]): Promise<ReadonlySet<Node>> {
  const large = new Set<Node>()
  const blocks = new Set<Node>()
  for (const child of children) {
    const pause = scope.pace()
    if (pause) await pause
    if (!child.isNamed) continue
    if (scope.isOversize(child.startIndex, child.endIndex)) large.add(child)
    else if (large.size === 0 && BLOCKS.test(child.type)) blocks.add(child)
  }
  return large.size > 0 ? large : blocks
}

function isLineBreak(unit: number): boolean {
  return unit === 0x0a || unit === 0x0d
}
