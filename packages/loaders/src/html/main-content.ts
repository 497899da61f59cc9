import { type HtmlTree, type Measures, measure, nameOf, spreadDropped } from './tree.js'

/** Class and id words of page furniture, and those that tell the content itself. */
const UNLIKELY =
  /-ad-|ai2html|banner|breadcrumb|combx|comment|community|cookie|consent|cover-wrap|disqus|extra|footer|gdpr|header|legends|menu|modal|newsletter|related|remark|replies|rss|share|shoutbox|sidebar|skyscraper|social|sponsor|subscribe|supplemental|ad-break|agegate|pagination|[\s_-]pager|popup|promo|teaser|yom-remote|byline-?bio|author-?bio|signup|widget|recirc|most-?read|outbrain|taboola/i
const MAYBE = /and|article|body|column|content|main|shadow|story|entry|post\b|text/i
const POSITIVE = /article|body|content|entry|hentry|h-entry|main|page|post|text|blog|story/i
const NEGATIVE =
  /-ad-|hidden|banner|combx|comment|com-|contact|footer|gdpr|masthead|media|meta|outbrain|promo|related|scroll|share|shoutbox|sidebar|skyscraper|sponsor|shopping|tags|widget|newsletter|cookie|teaser/i
const FURNITURE_ROLES = new Set([
  ...['menu', 'menubar', 'complementary', 'navigation', 'alert', 'alertdialog', 'dialog', 'banner'],
  ...['contentinfo', 'search', 'toolbar', 'tablist'],
])
const FURNITURE_TAGS = new Set(['nav', 'aside', 'footer', 'menu', 'form', 'fieldset'])
const PARAGRAPHS = new Set([
  'p',
  'td',
  'pre',
  'section',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'li',
  'blockquote',
  'dd',
])
const BLOCKS = new Set([
  'blockquote',
  'dl',
  'div',
  'ol',
  'p',
  'pre',
  'table',
  'ul',
  'section',
  'article',
  'main',
])

/** What of a page is written: the subtrees of `roots` in order, without dropped nodes. */
export interface Selection {
  readonly roots: readonly number[]
  readonly dropped: Uint8Array
}

/** Less text than this is not what a page is about: it means that the choice went wrong. */
const MIN_CONTENT = 200

/**
 * Chooses the main content of a page by where its prose lies: paragraphs give points to the elements around
 * them, links and furniture-like names take points away, and siblings of the winner that look like prose
 * join it. The idea is that of Readability (Arc90, Mozilla). Falls back to the page without its furniture.
 */
export function mainContent(tree: HtmlTree): Selection {
  const dropped = new Uint8Array(tree.nodes.length)
  dropFurniture(tree, dropped)
  const measures = measure(tree, dropped)
  const scores = scoreElements(tree, measures, dropped)
  const top = topElement(tree, measures, scores)
  if (top < 0) return measures.text[0]! > 0 ? { roots: [0], dropped } : wholePage(tree)
  const roots = withSiblings(tree, measures, scores, top, dropped)
  const cleaned = dropped.slice()
  for (const root of roots) dropClutter(tree, measures, root, cleaned)
  const kept = measure(tree, cleaned)
  let length = 0
  for (const root of roots) length += kept.text[root]!
  if (length >= MIN_CONTENT || length >= measures.text[0]! / 2) return { roots, dropped: cleaned }
  return measures.text[0]! >= MIN_CONTENT ? { roots: [0], dropped } : wholePage(tree)
}

/** The whole page, with everything that is visible. */
export function wholePage(tree: HtmlTree): Selection {
  return { roots: [0], dropped: new Uint8Array(tree.nodes.length) }
}

function labelsOf(tree: HtmlTree, index: number): string {
  const attributes = tree.nodes[index]!.attribs
  return attributes === undefined ? '' : `${attributes.class ?? ''} ${attributes.id ?? ''}`
}

/** An element with more than this share of the page's prose is not furniture, whatever it is called. */
const MAX_FURNITURE_SHARE = 0.35

function dropFurniture(tree: HtmlTree, dropped: Uint8Array): void {
  const all = measure(tree, dropped)
  const most = (all.text[0]! - all.links[0]!) * MAX_FURNITURE_SHARE
  const untouched = new Uint8Array(tree.nodes.length)
  for (let index = 1; index < tree.nodes.length; index++) {
    const name = nameOf(tree, index)
    const parent = tree.parents[index]!
    untouched[index] =
      untouched[parent] === 1 || name === 'table' || name === 'pre' || name === 'code' ? 1 : 0
    if (name === '' || dropped[parent] === 1 || all.text[index]! - all.links[index]! > most) continue
    const role = tree.nodes[index]!.attribs?.role
    if (role !== undefined && FURNITURE_ROLES.has(role)) dropped[index] = 1
    else if (FURNITURE_TAGS.has(name)) dropped[index] = 1
    else if (untouched[index] === 0 && !['html', 'body', 'main', 'article', 'a'].includes(name)) {
      const labels = labelsOf(tree, index)
      if (UNLIKELY.test(labels) && !MAYBE.test(labels)) dropped[index] = 1
    }
  }
  spreadDropped(tree, dropped)
}

const TAG_POINTS: { readonly [name: string]: number } = {
  ...{ div: 5, article: 8, main: 8, pre: 3, td: 3, blockquote: 3 },
  ...{ address: -3, ol: -3, ul: -3, dl: -3, dd: -3, dt: -3, li: -3, form: -3 },
  ...{ h1: -5, h2: -5, h3: -5, h4: -5, h5: -5, h6: -5, th: -5 },
}

function labelPoints(labels: string): number {
  return (NEGATIVE.test(labels) ? -25 : 0) + (POSITIVE.test(labels) ? 25 : 0)
}

/** NaN for elements that no prose lies in. */
function scoreElements(tree: HtmlTree, measures: Measures, dropped: Uint8Array): Float64Array {
  const scores = new Float64Array(tree.nodes.length).fill(Number.NaN)
  const holdsBlocks = new Uint8Array(tree.nodes.length)
  for (let index = tree.nodes.length - 1; index > 0; index--) {
    if (dropped[index] === 0 && (BLOCKS.has(nameOf(tree, index)) || holdsBlocks[index] === 1)) {
      holdsBlocks[tree.parents[index]!] = 1
    }
  }
  for (let index = 1; index < tree.nodes.length; index++) {
    const name = nameOf(tree, index)
    if (dropped[index] === 1 || measures.text[index]! < 25) continue
    if (!PARAGRAPHS.has(name) && !(name === 'div' && holdsBlocks[index] === 0)) continue
    const points = 1 + measures.commas[index]! + Math.min(3, Math.floor(measures.text[index]! / 100))
    let ancestor = tree.parents[index]!
    for (let level = 0; level < 5 && ancestor > 0; level++) {
      if (Number.isNaN(scores[ancestor])) {
        scores[ancestor] = (TAG_POINTS[nameOf(tree, ancestor)] ?? 0) + labelPoints(labelsOf(tree, ancestor))
      }
      scores[ancestor]! += points / (level === 0 ? 1 : level === 1 ? 2 : level * 3)
      ancestor = tree.parents[ancestor]!
    }
  }
  for (let index = 0; index < scores.length; index++) scores[index]! *= 1 - linkDensity(measures, index)
  return scores
}

function linkDensity(measures: Measures, index: number): number {
  const text = measures.text[index]!
  return text === 0 ? 0 : Math.min(1, measures.links[index]! / text)
}

/** The element with the best score, or an ancestor that holds more of the same. -1 when there is no prose. */
function topElement(tree: HtmlTree, measures: Measures, scores: Float64Array): number {
  let top = -1
  for (let index = 1; index < scores.length; index++) {
    if (!Number.isNaN(scores[index]) && (top < 0 || scores[index]! > scores[top]!)) top = index
  }
  if (top < 0) return -1
  top = sharedAncestor(tree, scores, top)
  let last = scores[top]!
  const floor = last / 3
  for (
    let parent = tree.parents[top]!;
    parent > 0 && nameOf(tree, parent) !== 'body';
    parent = tree.parents[parent]!
  ) {
    const score = scores[parent]!
    if (Number.isNaN(score)) continue
    if (score < floor) break
    if (score > last) {
      top = parent
      break
    }
    last = score
  }
  // An element that holds nothing else than the winner is the winner, with its siblings to look at.
  for (
    let parent = tree.parents[top]!;
    parent > 0 && nameOf(tree, parent) !== 'body';
    parent = tree.parents[parent]!
  ) {
    if (measures.text[parent]! > measures.text[top]!) break
    top = parent
  }
  return top
}

/** Elements compared with the best one: bounds the work on pages made of nothing else. */
const MAX_NEAR = 100

/** Where at least three elements come close to the best one, their common ancestor holds the content. */
function sharedAncestor(tree: HtmlTree, scores: Float64Array, top: number): number {
  const near: number[] = []
  for (let index = 1; index < scores.length; index++) {
    if (index !== top && near.length < MAX_NEAR && scores[index]! >= scores[top]! * 0.75) near.push(index)
  }
  if (near.length < 3) return top
  for (let ancestor = tree.parents[top]!; ancestor > 0; ancestor = tree.parents[ancestor]!) {
    if (nameOf(tree, ancestor) === 'body') break
    const inside = near.filter((index) => index > ancestor && index < tree.ends[ancestor]!)
    if (inside.length >= 3) return Number.isNaN(scores[ancestor]) ? top : ancestor
  }
  return top
}

function withSiblings(
  tree: HtmlTree,
  measures: Measures,
  scores: Float64Array,
  top: number,
  dropped: Uint8Array,
): readonly number[] {
  const parent = tree.parents[top]!
  const threshold = Math.max(10, scores[top]! * 0.2)
  const topClass = tree.nodes[top]!.attribs?.class ?? ''
  const roots: number[] = []
  for (let index = parent + 1; index < tree.ends[parent]!; index = tree.ends[index]!) {
    if (index === top) roots.push(index)
    else if (dropped[index] === 0 && nameOf(tree, index) !== '') {
      const sameClass = topClass !== '' && tree.nodes[index]!.attribs?.class === topClass
      const bonus = sameClass ? scores[top]! * 0.2 : 0
      if (scores[index]! + bonus >= threshold || isProse(tree, measures, index)) roots.push(index)
    }
  }
  return roots
}

function isProse(tree: HtmlTree, measures: Measures, index: number): boolean {
  if (nameOf(tree, index) !== 'p') return false
  const density = linkDensity(measures, index)
  const length = measures.text[index]!
  return length > 80 ? density < 0.25 : length > 0 && density === 0
}

/** Inside the content: lists of links, boxes with furniture-like names, and the like. */
function dropClutter(tree: HtmlTree, measures: Measures, root: number, dropped: Uint8Array): void {
  for (let index = root + 1; index < tree.ends[root]!; index++) {
    if (dropped[tree.parents[index]!] === 1) dropped[index] = 1
    if (dropped[index] === 1) continue
    const name = nameOf(tree, index)
    if (!CLUTTER_TAGS.has(name)) continue
    const weight = labelPoints(labelsOf(tree, index))
    if (weight < 0) dropped[index] = 1
    else if (measures.commas[index]! < 10 && isLinkHeavy(measures, index, weight)) dropped[index] = 1
  }
  for (let index = root + 1; index < tree.ends[root]!; index++) {
    if (dropped[tree.parents[index]!] === 1) dropped[index] = 1
  }
}

const CLUTTER_TAGS = new Set(['div', 'ul', 'ol', 'table', 'section', 'dl'])

function isLinkHeavy(measures: Measures, index: number, weight: number): boolean {
  const density = linkDensity(measures, index)
  return weight >= 25 ? density > 0.5 : density > 0.25
}
