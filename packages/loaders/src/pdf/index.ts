import { RagError } from '@tesserae/core'
import type { Format } from '../format.js'
export function pdfFormat(): Format {
  throw new RagError('unsupported', 'PDF is being written.')
}
