import { checkInteger, checkOneOf, RagError } from '@tesserae/core'
import { type Format, loadFailed, reasonOf } from '../format.js'
import { decodeText, encodingMetadata } from '../text/decode.js'
import { encodingName } from '../text/encoding.js'
import { declaredCharset } from './charset.js'
import { mainContent, wholePage } from './main-content.js'
import { pageFacts } from './metadata.js'
import { nestingDepth } from './nesting.js'
import { nodeTracer } from './trace-node.js'
import { buildTree, type HtmlNode } from './tree.js'
import { writeText } from './write-text.js'

export interface HtmlFormatOptions {
  /** Encoding of every file, as in `textFormat`. @default byte order mark, `charset` of the source, the page's own declaration, then the bytes */
  readonly encoding?: string | undefined
  /** Whether navigation, headers, footers, sidebars, banners and the like are left out. @default true */
  readonly mainContent?: boolean | undefined
  /** `inline` writes the address of each link after its text in brackets, resolved against the page's. @default 'text' */
  readonly links?: 'text' | 'inline' | undefined
  /** Whether the alternative text of images is written and marked. @default false */
  readonly images?: boolean | undefined
  /** Larger pages are failures: the parsed tree takes many times the memory of the file. @default 8388608 (8 MiB) */
  readonly maxBytes?: number | undefined
  /** File name endings read as HTML. @default '.html', '.htm', '.xhtml' */
  readonly extensions?: readonly string[] | undefined
}

/** No page nests so deep; parsing one takes about a second. */
const MAX_NESTING = 50_000

/**
 * HTML through cheerio (htmlparser2): the document's text is the page as it would be laid out in plain text, and the
 * marks are its headings, paragraphs, lists, tables, rows, code and quotes. Scripts and hidden elements are
 * never text. Title, description, author, publication date, language, site and canonical address become
 * metadata. `source.uri` is the page's address when it is one. `origin` leads from the text to the decoded page
 * without its byte order mark: copied text to the same characters, collapsed blanks and character references to
 * what they stand for as a whole; separators of lines and cells and addresses of links are insertions.
 * @throws RagError `unsupported` from `parse` when cheerio is not installed; `invalid-argument` for bad options.
 */
export function htmlFormat(options: HtmlFormatOptions = {}): Format {
  const encoding = options.encoding === undefined ? undefined : encodingName('encoding', options.encoding)
  const links = checkOneOf('links', options.links ?? 'text', ['text', 'inline'])
  const maxBytes = checkInteger('maxBytes', options.maxBytes ?? 8 * 1024 * 1024)
  const onlyMain = options.mainContent ?? true
  const images = options.images ?? false
  return {
    name: 'html',
    extensions: options.extensions ?? ['.html', '.htm', '.xhtml'],
    mediaTypes: ['text/html', 'application/xhtml+xml'],
    async parse({ bytes, uri, charset }, call) {
      call?.signal?.throwIfAborted()
      if (bytes.length > maxBytes) {
        const message = `the page has ${bytes.length} bytes, more than the limit of ${maxBytes}. Split it, or raise \`maxBytes\` of htmlFormat.`
        throw loadFailed(uri, message, { reason: 'too-large' })
      }
      const decoded = decodeText(bytes, { uri, encoding, charset: charset ?? declaredCharset(bytes) })
      if (nestingDepth(decoded.text) > MAX_NESTING) {
        throw loadFailed(uri, `more than ${MAX_NESTING} elements are open inside each other.`)
      }
      const parse = await htmlParser()
      const root = parse(decoded.text)
      call?.signal?.throwIfAborted()
      const { metadata, base } = pageFacts(root)
      const tree = buildTree(root)
      const selection = onlyMain ? mainContent(tree) : wholePage(tree)
      const linkSuffix = links === 'inline' ? linkWriter(base, uri) : undefined
      const trace = nodeTracer(decoded.text, (text) => parse(text).children?.[0]?.data ?? '')
      const written = writeText(tree, selection, {
        trace,
        sourceLength: decoded.text.length,
        linkSuffix,
        images,
      })
      if (!/\S/.test(written.text)) {
        throw loadFailed(uri, 'the page shows no text, so there is nothing to index.', { reason: 'empty' })
      }
      return { ...written, metadata: { ...metadata, ...encodingMetadata(decoded) } }
    },
  }
}

const PLACES = { xml: { xmlMode: false, withStartIndices: true, withEndIndices: true } }

async function htmlParser(): Promise<(html: string) => HtmlNode> {
  const { load } = await import('cheerio/slim').catch((error: unknown) => {
    throw new RagError(
      'unsupported',
      `HTML needs the package "cheerio" (${reasonOf(error)}). Install it: npm install cheerio`,
      { details: { package: 'cheerio' }, cause: error },
    )
  })
  return (html) => load(html, PLACES, true).root().get(0) ?? { type: 'root', children: [] }
}

/** ` (https://…)`: absolute where the page's address or `<base>` allows it; scripts and places in the page are left out. */
function linkWriter(base: string | undefined, uri: string): (href: string) => string | undefined {
  const page = URL.canParse(uri) ? uri : undefined
  const against = base !== undefined && URL.canParse(base, page) ? new URL(base, page).href : page
  return (href) => {
    const target = href.trim()
    if (target === '' || target.startsWith('#') || /^(?:javascript|data|vbscript):/i.test(target))
      return undefined
    return `(${URL.canParse(target, against) ? new URL(target, against).href : target})`
  }
}
