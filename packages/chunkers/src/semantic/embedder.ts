import type { Embedder } from '@tesserae/core'
import { invalid } from '@tesserae/core'

export function checkEmbedder(embedder: Embedder | undefined): Embedder {
  if (typeof embedder?.embed !== 'function') {
    invalid('embedder', 'an Embedder', embedder, 'For one without a download, see @tesserae/models/static.')
  }
  return embedder
}
