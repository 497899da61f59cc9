import type { CallOptions } from '@tesserae/core'
import type { Format, FormatSource, ParsedSource } from './format.js'
import { textFormat } from './text/index.js'

/**
 * The formats `directory` and `files` use unless told otherwise. Each is imported when the first file of its
 * kind is met, so a folder of text files never loads an HTML or PDF library.
 */
export function defaultFormats(): readonly Format[] {
  return [
    lazyFormat('markdown', ['.md', '.markdown', '.mdown', '.mkd', '.mdx'], ['text/markdown'], async () =>
      (await import('./markdown/index.js')).markdownFormat(),
    ),
    lazyFormat('html', ['.html', '.htm', '.xhtml'], ['text/html', 'application/xhtml+xml'], async () =>
      (await import('./html/index.js')).htmlFormat(),
    ),
    lazyFormat('pdf', ['.pdf'], ['application/pdf'], async () =>
      (await import('./pdf/index.js')).pdfFormat(),
    ),
    textFormat(),
  ]
}

function lazyFormat(
  name: string,
  extensions: readonly string[],
  mediaTypes: readonly string[],
  load: () => Promise<Format>,
): Format {
  let format: Promise<Format> | undefined
  return {
    name,
    extensions,
    mediaTypes,
    async parse(source: FormatSource, options?: CallOptions): Promise<ParsedSource> {
      format ??= load()
      return (await format).parse(source, options)
    },
  }
}

/** The first format that claims the ending of the name; a name without an ending is `''`. */
export function formatFor(formats: readonly Format[], extension: string): Format | undefined {
  return formats.find((format) => format.extensions.includes(extension))
}
