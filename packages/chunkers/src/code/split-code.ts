import type { CallOptions, ChunkSpan, Tokenizer } from '@tesserae/core'
import type { Node } from 'web-tree-sitter'
import { characterClasses, skipBlanks, trimBlanks } from '../internal/classes.js'
import type { Ruler } from '../internal/ruler.js'
import { rulerOf } from '../internal/ruler.js'
import type { ChunkContext } from '../structural/chunk-context.js'
import { MAX_PARTS, NO_CONTEXT, pathContext } from '../structural/chunk-context.js'
import { likelyFits } from '../structural/fit.js'
import type { Pace } from '../structural/pace.js'
import { makePace } from '../structural/pace.js'
import type { RangePlan } from '../structural/pack-range.js'
import { contentStart, fullPlan, packRange, pushIfFits } from '../structural/pack-range.js'
import type { Item, ItemScope } from './items.js'
import { itemsOf } from './items.js'
import type { LanguageProfile } from './languages.js'
import { lineCuts } from './line-cuts.js'
import type { Frame, Signature } from './signature.js'
import { isDeclaration, signatureOf, wrappedSignatureStart } from './signature.js'

export interface CodeLimits {
  /** Hard cap of a chunk, context counted. */
  readonly maxTokens: number
  /** Most tokens of the signature path; 0 for none. */
  readonly pathTokens: number
  readonly tokenizer: Tokenizer
}

/** Stands between the signatures of a path. */
const PATH_SEPARATOR = ' > '
/** Nodes looked into one inside the other; below, text is divided at lines. */
const MAX_DEPTH = 200

/** Packs `text` at blank lines, lines and punctuation, without a syntax tree. */
export async function splitLines(
  text: string,
  limits: CodeLimits,
  options: CallOptions,
): Promise<ChunkSpan[]> {
  const spans: ChunkSpan[] = []
  const { maxTokens, tokenizer } = limits
  const measure = { text, ruler: rulerOf(tokenizer, text), tokenizer, maxTokens }
  const plan = fullPlan(measure, () => NO_CONTEXT)
  const pace = makePace(options.signal)
  const cuts = await lineCuts(text, 0, text.length, pace)
  await packRange(plan, 0, text.length, cuts, spans, pace)
  return spans
}

/** Packs `text` along its syntax tree. */
export async function splitTree(
  root: Node,
  text: string,
  profile: LanguageProfile,
  limits: CodeLimits,
  options: CallOptions,
): Promise<ChunkSpan[]> {
  const classes = characterClasses()
  const start = contentStart(text, 0, text.length, classes)
  const end = trimBlanks(text, start, text.length, classes)
  if (start >= end) return []
  const splitter = new TreeSplitter(text, profile, limits, makePace(options.signal))
  await splitter.split(root, {
    start,
    end,
    headFrame: undefined,
    frame: undefined,
    depth: 0,
    signatureStart: undefined,
    framedId: undefined,
  })
  return splitter.spans
}

/** A node to be divided, with the text around it that has to stay with its first and last part. */
interface Part {
  readonly start: number
  readonly end: number
  /** What encloses a chunk that begins at `start`. */
  readonly headFrame: Frame | undefined
  /** What encloses the node. */
  readonly frame: Frame | undefined
  readonly depth: number
  /** Start of the signature, when a wrapper around the node gives it. */
  readonly signatureStart: number | undefined
  /** Id of a value whose declaration is the frame already. */
  readonly framedId: number | undefined
}

class TreeSplitter {
  readonly spans: ChunkSpan[] = []
  readonly #text: string
  readonly #profile: LanguageProfile
  readonly #limits: CodeLimits
  readonly #ruler: Ruler
  readonly #pace: Pace
  readonly #contexts = new Map<Frame, ChunkContext>()

  constructor(text: string, profile: LanguageProfile, limits: CodeLimits, pace: Pace) {
    this.#text = text
    this.#profile = profile
    this.#limits = limits
    this.#ruler = rulerOf(limits.tokenizer, text)
    this.#pace = pace
  }

  /**
   * Cuts a node into chunks of whole items. An item that is too large is divided itself, and chunks inside it
   * carry its signature; the first of them, which begins with the head, does not need it.
   */
  async split(node: Node, part: Part): Promise<void> {
    const { start, end, headFrame } = part
    const signature = node.id === part.framedId ? undefined : this.#signatureOf(node, part)
    const frame = signature ? { outer: part.frame, signature: signature.text } : part.frame
    const items = part.depth < MAX_DEPTH ? await itemsOf(this.#scopeOf(frame), node, start, end) : []
    if (items.length === 0) return this.#splitLines(start, end, headFrame, frame)

    let context = headFrame
    for (let index = 0; index < items.length; index++) {
      const pause = this.#pace()
      if (pause) await pause
      const item = items[index]!
      let { start: from } = item
      if (!this.#fits(from, item.end, context) && this.#isDetachable(item, frame)) {
        await this.#splitLines(from, item.ownStart, context, frame)
        from = item.ownStart
        context = frame
      }
      if (this.#fits(from, item.end, context)) {
        index = this.#lastTogether(items, index, from, context)
        const { end: to } = items[index]!
        if (!this.#push(from, to, context)) await this.#splitLines(from, to, context, frame)
      } else if (item.node && this.#isWorthDividing(item.node, frame)) {
        await this.split(item.node, {
          start: from,
          end: item.end,
          headFrame: context,
          frame,
          depth: part.depth + 1,
          signatureStart: wrappedSignatureStart(node),
          framedId: signature ? signature.valueId : part.framedId,
        })
      } else {
        await this.#splitLines(from, item.end, context, frame)
      }
      context = frame
    }
  }

  /** True when a declaration stays whole if the head of what is around it is left to a chunk of its own. */
  #isDetachable({ start, ownStart, end, node }: Item, frame: Frame | undefined): boolean {
    if (node === undefined || start === ownStart || !this.#fits(ownStart, end, frame)) return false
    return isDeclaration(node, this.#profile)
  }

  /** Statements that would fit without what surrounds them are better divided at lines than taken to pieces. */
  #isWorthDividing(node: Node, frame: Frame | undefined): boolean {
    return !this.#fits(node.startIndex, node.endIndex, frame) || isDeclaration(node, this.#profile)
  }

  #signatureOf(node: Node, part: Part): Signature | undefined {
    if (this.#limits.pathTokens === 0) return undefined
    return signatureOf(node, this.#profile, this.#text, part.signatureStart)
  }

  /**
   * Index of the last item of a chunk that starts at `from` with item `index`: as many as fit, or fewer when
   * that ends at a blank line with the chunk at least half full.
   */
  #lastTogether(items: readonly Item[], index: number, from: number, context: Frame | undefined): number {
    const half = (this.#limits.maxTokens - this.#contextOf(context).tokens) / 2
    let last = index
    let atBlankLine = -1
    for (let next = index + 1; next < items.length; next++) {
      const isHalfFull = this.#ruler.count(from, items[last]!.end) >= half
      if (isHalfFull && items[next]!.isAfterBlankLine) atBlankLine = last
      if (!this.#fits(from, items[next]!.end, context)) return atBlankLine >= 0 ? atBlankLine : last
      last = next
    }
    return last
  }

  async #splitLines(
    start: number,
    end: number,
    headFrame: Frame | undefined,
    frame: Frame | undefined,
  ): Promise<void> {
    const text = this.#text
    const head = this.#contextOf(headFrame)
    const inner = this.#contextOf(frame)
    const content = skipBlanks(text, start, end, characterClasses())
    const plan = this.#planOf((offset) => (offset <= content ? head : inner))
    // From the end of what came before, so that the first line keeps its indentation.
    const from = trimBlanks(text, 0, start, characterClasses())
    const cuts = await lineCuts(text, start, end, this.#pace)
    await packRange(plan, from, end, cuts, this.spans, this.#pace)
  }

  /** Appends the chunk; false when it turns out over the cap. */
  #push(start: number, end: number, frame: Frame | undefined): boolean {
    const context = this.#contextOf(frame)
    return (
      pushIfFits(
        this.#planOf(() => context),
        start,
        end,
        context,
        this.spans,
      ) <= 0
    )
  }

  #planOf(contextAt: RangePlan['contextAt']): RangePlan {
    const { maxTokens, tokenizer } = this.#limits
    return fullPlan({ text: this.#text, ruler: this.#ruler, tokenizer, maxTokens }, contextAt)
  }

  #scopeOf(frame: Frame | undefined): ItemScope {
    return {
      text: this.#text,
      classes: characterClasses(),
      isOversize: (start, end) => !this.#fits(start, end, frame),
      pace: this.#pace,
    }
  }

  #fits(start: number, end: number, frame: Frame | undefined): boolean {
    const budget = this.#limits.maxTokens - this.#contextOf(frame).tokens
    return likelyFits(this.#ruler, start, end, budget)
  }

  #contextOf(frame: Frame | undefined): ChunkContext {
    if (frame === undefined) return NO_CONTEXT
    const known = this.#contexts.get(frame)
    if (known) return known
    const path: string[] = []
    for (let at: Frame | undefined = frame; at && path.length < MAX_PARTS; at = at.outer)
      path.unshift(at.signature)
    const context = pathContext(path, PATH_SEPARATOR, this.#limits.pathTokens, this.#limits.tokenizer)
    this.#contexts.set(frame, context)
    return context
  }
}
