/** The parts of a parsed HTML node that are used here; cheerio's nodes have this shape. */
export interface HtmlNode {
  readonly type: string
  readonly name?: string
  readonly data?: string
  readonly attribs?: { readonly [name: string]: string }
  readonly children?: readonly HtmlNode[]
  /** Place of the first character in the source; of text, see `nodeTracer`. */
  readonly startIndex?: number | null
  /** Place of the last character. */
  readonly endIndex?: number | null
}

/** Elements whose content is never text for readers. */
const SILENT = new Set([
  ...[
    'script',
    'style',
    'template',
    'noscript',
    'head',
    'title',
    'meta',
    'link',
    'iframe',
    'object',
    'embed',
  ],
  ...['svg', 'math', 'canvas', 'audio', 'video', 'map', 'select', 'option', 'datalist', 'textarea', 'input'],
  ...['button', 'noframes', 'frameset', 'applet', 'dialog'],
])

/**
 * The visible nodes of a page in document order, as parallel arrays: children follow their parent, and the
 * subtree of node `i` is the range `i` to `ends[i]`. Built and walked without recursion, however deep the page.
 */
export interface HtmlTree {
  readonly nodes: readonly HtmlNode[]
  readonly parents: Int32Array
  readonly ends: Int32Array
}

/** What lies below each node, dropped nodes left out. */
export interface Measures {
  /** Characters of text, runs of blanks counted once. */
  readonly text: Float64Array
  /** Of those, the ones inside links. */
  readonly links: Float64Array
  readonly commas: Float64Array
}

export function nameOf(tree: HtmlTree, index: number): string {
  return tree.nodes[index]!.name ?? ''
}

export function buildTree(root: HtmlNode): HtmlTree {
  const nodes: HtmlNode[] = []
  const parents: number[] = []
  const stack: { readonly node: HtmlNode; readonly parent: number }[] = [{ node: root, parent: -1 }]
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    const { node, parent } = item
    if (isSilent(node)) continue
    const index = nodes.length
    nodes.push(node)
    parents.push(parent)
    const children = node.children ?? []
    for (let child = children.length - 1; child >= 0; child--) {
      stack.push({ node: children[child]!, parent: index })
    }
  }
  const ends = new Int32Array(nodes.length)
  for (let index = nodes.length - 1; index >= 0; index--) {
    if (ends[index] === 0) ends[index] = index + 1
    const parent = parents[index]!
    if (parent >= 0) ends[parent] = Math.max(ends[parent]!, ends[index]!)
  }
  return { nodes, parents: Int32Array.from(parents), ends }
}

/** Sums from the leaves up, in one pass. */
export function measure(tree: HtmlTree, dropped: Uint8Array): Measures {
  const count = tree.nodes.length
  const text = new Float64Array(count)
  const links = new Float64Array(count)
  const commas = new Float64Array(count)
  for (let index = count - 1; index >= 0; index--) {
    if (dropped[index] === 1) continue
    const node = tree.nodes[index]!
    if (node.type === 'text') {
      const data = node.data ?? ''
      text[index] = visibleLength(data)
      commas[index] = countCommas(data)
    } else if (node.name === 'a') {
      // Links into the page itself are footnotes and contents rather than navigation.
      links[index] = text[index]! * (node.attribs?.href?.startsWith('#') ? 0.3 : 1)
    }
    const parent = tree.parents[index]!
    if (parent < 0) continue
    text[parent]! += text[index]!
    links[parent]! += links[index]!
    commas[parent]! += commas[index]!
  }
  return { text, links, commas }
}

/** Whatever lies in a dropped node is dropped. */
export function spreadDropped(tree: HtmlTree, dropped: Uint8Array): void {
  for (let index = 1; index < dropped.length; index++) {
    if (dropped[tree.parents[index]!] === 1) dropped[index] = 1
  }
}

function isSilent(node: HtmlNode): boolean {
  if (node.type === 'text' || node.type === 'root' || node.type === 'cdata') return false
  const { name, attribs } = node
  if (name === undefined || node.type === 'comment' || node.type === 'directive') return true
  if (SILENT.has(name)) return !(name === 'dialog' && attribs?.open !== undefined)
  return attribs !== undefined && isHidden(attribs)
}

function isHidden(attributes: { readonly [name: string]: string }): boolean {
  const { hidden, style } = attributes
  if (hidden !== undefined && hidden !== 'until-found') return true
  if (attributes['aria-hidden'] === 'true') return true
  return style !== undefined && /(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(style)
}

/** Length after runs of blanks count as one character. */
function visibleLength(text: string): number {
  let length = 0
  let blank = true
  for (let at = 0; at < text.length; at++) {
    const isBlank = text.charCodeAt(at) <= 32
    if (!isBlank || !blank) length++
    blank = isBlank
  }
  return length
}

/** Commas of the world's scripts. */
function countCommas(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x2c || code === 0x60c || code === 0x3001 || code === 0xff0c || code === 0xfe50) count++
  }
  return count
}
