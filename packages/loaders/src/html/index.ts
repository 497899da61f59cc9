import { RagError } from '@tesserae/core'
import type { Format } from '../format.js'
export function htmlFormat(): Format {
  throw new RagError('unsupported', 'HTML is being written.')
}
