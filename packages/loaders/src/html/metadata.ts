import type { MetadataValue } from '@tesserae/core'
import { isRecord } from '../metadata.js'
import type { HtmlNode } from './tree.js'

export interface PageFacts {
  readonly metadata: { readonly [key: string]: MetadataValue }
  /** Content of `<base href>`. */
  readonly base: string | undefined
}

interface Collected {
  readonly metas: Map<string, string>
  readonly linkedData: string[]
  title: string | undefined
  heading: string | undefined
  language: string | undefined
  canonical: string | undefined
  base: string | undefined
  time: string | undefined
}

/** Larger blocks of linked data are catalogues, not a description of the page. */
const MAX_LINKED_DATA = 500_000

/** Title, description, author, publication date, language, site and canonical address, where a page says them. */
export function pageFacts(root: HtmlNode): PageFacts {
  const found = collect(root)
  const linked = readLinkedData(found.linkedData)
  const meta = (...names: readonly string[]): string | undefined => {
    for (const name of names) {
      const value = found.metas.get(name)
      if (value !== undefined && value !== '') return value
    }
    return undefined
  }
  const author = meta('author', 'article:author', 'dc.creator', 'dcterms.creator', 'parsely-author', 'byl')
  const fields: { readonly [key: string]: string | undefined } = {
    title: meta('og:title', 'twitter:title', 'dc.title') ?? linked.headline ?? found.title ?? found.heading,
    description: meta('description', 'og:description', 'twitter:description', 'dc.description'),
    author: linked.author ?? (author !== undefined && /^https?:/.test(author) ? undefined : author),
    published:
      meta(
        'article:published_time',
        'datepublished',
        'date',
        'dc.date',
        'dc.date.issued',
        'parsely-pub-date',
      ) ??
      linked.published ??
      found.time,
    language: found.language ?? meta('og:locale', 'content-language'),
    site: meta('og:site_name', 'application-name'),
    canonical: found.canonical ?? meta('og:url'),
  }
  const metadata: { [key: string]: MetadataValue } = {}
  for (const [key, value] of Object.entries(fields))
    if (value !== undefined && value !== '') metadata[key] = value
  return { metadata, base: found.base }
}

function collect(root: HtmlNode): Collected {
  const found: Collected = {
    metas: new Map(),
    linkedData: [],
    ...{ title: undefined, heading: undefined, language: undefined },
    ...{ canonical: undefined, base: undefined, time: undefined },
  }
  const stack: HtmlNode[] = [root]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    visit(node, found)
    const children = node.children ?? []
    for (let child = children.length - 1; child >= 0; child--) stack.push(children[child]!)
  }
  return found
}

function visit(node: HtmlNode, found: Collected): void {
  const attributes = node.attribs ?? {}
  switch (node.name) {
    case 'html':
      found.language ??= attributes.lang ?? attributes['xml:lang']
      break
    case 'base':
      found.base ??= attributes.href
      break
    case 'title':
      found.title ??= blankless(textBelow(node))
      break
    case 'h1':
      found.heading ??= blankless(textBelow(node))
      break
    case 'time':
      found.time ??= attributes.datetime
      break
    case 'link':
      if (attributes.rel === 'canonical') found.canonical ??= attributes.href
      break
    case 'script':
      if (attributes.type === 'application/ld+json') found.linkedData.push(textBelow(node))
      break
    case 'meta': {
      const name = attributes.property ?? attributes.name ?? attributes.itemprop ?? attributes['http-equiv']
      const content = attributes.content
      if (name !== undefined && content !== undefined && !found.metas.has(name.toLowerCase())) {
        found.metas.set(name.toLowerCase(), blankless(content))
      }
    }
  }
}

function textBelow(node: HtmlNode): string {
  const parts: string[] = []
  const stack: HtmlNode[] = [...(node.children ?? [])].reverse()
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.type === 'text') parts.push(next.data ?? '')
    for (const child of [...(next.children ?? [])].reverse()) stack.push(child)
  }
  return parts.join('')
}

function blankless(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

interface LinkedData {
  headline?: string
  author?: string
  published?: string
}

/** schema.org descriptions in JSON-LD, wherever they lie in it. Broken JSON says nothing. */
function readLinkedData(blocks: readonly string[]): LinkedData {
  const found: LinkedData = {}
  for (const block of blocks) {
    if (block.length > MAX_LINKED_DATA) continue
    let value: unknown
    try {
      value = JSON.parse(block)
    } catch {
      continue
    }
    const queue: unknown[] = [value]
    for (let at = 0; at < queue.length && at < 10_000; at++) {
      const item = queue[at]
      if (Array.isArray(item)) for (const child of item) queue.push(child)
      if (!isRecord(item)) continue
      if (typeof item.datePublished === 'string') found.published ??= item.datePublished
      if (typeof item.headline === 'string') found.headline ??= blankless(item.headline)
      const author = nameIn(item.author)
      if (author !== undefined) found.author ??= author
      for (const child of Object.values(item)) if (typeof child === 'object') queue.push(child)
    }
  }
  return found
}

function nameIn(value: unknown): string | undefined {
  if (typeof value === 'string') return blankless(value)
  if (Array.isArray(value)) {
    const names = value.map(nameIn).filter((name) => name !== undefined)
    return names.length === 0 ? undefined : names.join(', ')
  }
  return isRecord(value) && typeof value.name === 'string' ? blankless(value.name) : undefined
}
