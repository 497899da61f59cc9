import { join } from 'node:path'
import { cachedEmbedder, type Embedder, type RelevanceModel } from '@tesserae/core'
import type { TokenEmbedder, TokenVectors } from '@tesserae/models'
import { vectorFile } from '../compare-chunkers/vector-file.js'
import { repositoryRoot } from '../harness/context.js'

/** What models said is kept beside the clone's other caches, so that only the first run waits for them. */
const folder = join(repositoryRoot, '.tesserae', 'benchmarks', 'quality')

/** An embedder whose vectors are kept in a file. */
export function keptEmbedder(embedder: Embedder, name: string): Embedder {
  return cachedEmbedder(embedder, vectorFile(join(folder, `${name}.bin`), embedder.dimensions))
}

/** A model whose scores are kept in a file, by model, query and passage. */
export function keptScores(model: RelevanceModel, name: string): RelevanceModel {
  const file = vectorFile(join(folder, `${name}.bin`), 1)
  return {
    id: model.id,
    maxBatchSize: model.maxBatchSize,
    async score(query, passages, options) {
      const keys = passages.map((passage) => JSON.stringify([model.id, query, passage]))
      const known = await file.get(keys)
      const missing = [...keys.keys()].filter((place) => known[place] === undefined)
      const fresh = await model.score(
        query,
        missing.map((place) => passages[place]!),
        options,
      )
      await file.set(
        missing.map((place, row) => ({ key: keys[place]!, value: fresh.slice(row, row + 1), tags: [] })),
      )
      const scores = Float32Array.from(known, (value) => value?.[0] ?? 0)
      for (const [row, place] of missing.entries()) scores[place] = fresh[row]!
      return scores
    },
  }
}

/** Token vectors of passages, kept in memory: those of one passage serve every query. */
export function keptTokens(tokens: TokenEmbedder): TokenEmbedder {
  const rows = new Map<string, TokenVectors>()
  return {
    id: tokens.id,
    tokenDimensions: tokens.tokenDimensions,
    async embedTokens(texts, call) {
      if (call.role === 'query') return tokens.embedTokens(texts, call)
      const missing = [...new Set(texts.filter((text) => !rows.has(text)))]
      const fresh = missing.length > 0 ? await tokens.embedTokens(missing, call) : []
      for (const [place, text] of missing.entries()) rows.set(text, fresh[place]!)
      return texts.map((text) => rows.get(text)!)
    },
  }
}
