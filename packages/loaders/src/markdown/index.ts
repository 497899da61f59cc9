import { RagError } from '@tesserae/core'
import type { Format } from '../format.js'
export function markdownFormat(): Format {
  throw new RagError('unsupported', 'Markdown is being written.')
}
