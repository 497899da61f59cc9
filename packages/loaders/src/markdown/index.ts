import type { CallOptions, Mark } from '@tesserae/core'
import { type Format, loadFailed } from '../format.js'
import { decodeText, encodingMetadata } from '../text/decode.js'
import { encodingName } from '../text/encoding.js'
import { requireContent } from '../text/index.js'
import { BlockParser } from './block-parser.js'
import { findFrontMatter, readFrontMatter } from './front-matter.js'
import { finishedMarks, MAX_MARKS } from './marks.js'

export interface MarkdownFormatOptions {
  /** Encoding of every file, as in `textFormat`. @default found by looking at the bytes */
  readonly encoding?: string | undefined
  /** Whether YAML between `---` lines at the start becomes metadata. It is never read as Markdown. @default true */
  readonly frontMatter?: boolean | undefined
  /** File name endings read as Markdown. @default '.md', '.markdown', '.mdown', '.mkd', '.mdx' */
  readonly extensions?: readonly string[] | undefined
}

/** Characters parsed between looks at the signal and turns of the event loop. */
const SLICE = 1_000_000

/**
 * Markdown (CommonMark 0.31.2 with GFM tables): the document's text is the file as it is, and the marks lie
 * on it: headings with level and plain-text label, paragraphs, lists, tables, rows, code with its language,
 * quotes, images with their alternative text. `metadata.title` is the front matter's title or the first
 * top-level heading. Time and memory are linear in the file's length.
 * @throws RagError `invalid-argument` for an unknown encoding.
 */
export function markdownFormat(options: MarkdownFormatOptions = {}): Format {
  const encoding = options.encoding === undefined ? undefined : encodingName('encoding', options.encoding)
  const readsFrontMatter = options.frontMatter ?? true
  return {
    name: 'markdown',
    extensions: options.extensions ?? ['.md', '.markdown', '.mdown', '.mkd', '.mdx'],
    mediaTypes: ['text/markdown', 'text/x-markdown'],
    async parse(source, call) {
      call?.signal?.throwIfAborted()
      const decoded = decodeText(source.bytes, { uri: source.uri, encoding, charset: source.charset })
      const { text } = decoded
      requireContent(text, source.uri)
      const front = findFrontMatter(text)
      const marks = await markdownMarks(text, front?.end ?? 0, source.uri, call)
      const title = marks.find((mark) => mark.kind === 'heading' && mark.level === 1)?.label
      const metadata = {
        ...encodingMetadata(decoded),
        ...(title === undefined ? {} : { title }),
        ...(front !== undefined && readsFrontMatter ? await readFrontMatter(front.yaml) : {}),
      }
      return { text, marks, metadata }
    },
  }
}

async function markdownMarks(
  text: string,
  start: number,
  uri: string,
  call: CallOptions | undefined,
): Promise<readonly Mark[]> {
  const parser = new BlockParser(text, start)
  while (parser.run(SLICE)) {
    await new Promise((resolve) => setTimeout(resolve))
    call?.signal?.throwIfAborted()
  }
  if (parser.overflowed) {
    throw loadFailed(uri, `the file has more than ${MAX_MARKS} blocks; split it.`, { reason: 'too-large' })
  }
  return finishedMarks(parser.finish())
}
