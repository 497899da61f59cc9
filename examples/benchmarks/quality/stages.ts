import type { Chunk, Embedder, RelevanceModel, Reranker, Retriever } from '@tesserae/core'
import type { TokenEmbedder } from '@tesserae/models'
import {
  crossEncoderReranker,
  featureReranker,
  fieldMatchFeature,
  lateInteractionReranker,
  mmrReranker,
  reranked,
} from '@tesserae/rerank'
import {
  autoMergeRetriever,
  bm25Index,
  denseRetriever,
  englishAnalyzer,
  hybridRetriever,
  lexicalRetriever,
  windowRetriever,
} from '@tesserae/retrievers'
import {
  feedbackRetriever,
  neighborRetriever,
  normalizedRetriever,
  spellingRetriever,
  synonymRetriever,
} from '@tesserae/retrievers/expand'
import { abbreviationsIn } from './abbreviations.js'
import { analyzerFor } from './analyzers.js'
import type { FilledSet } from './judged-sets.js'

export interface StageParts {
  readonly filled: FilledSet
  /** The same set in small chunks that know the wider ones they were cut from; absent for whole documents. */
  readonly nested: FilledSet | undefined
  readonly embedder: Embedder & TokenEmbedder
  /** Absent where it was trained on the questions, or is not there. */
  readonly crossEncoder: RelevanceModel | undefined
}

export interface Stage {
  readonly name: string
  readonly retriever: Retriever
  /** What it is compared with. @default the hybrid */
  readonly base?: string
  /** On without being asked for in a hybrid search, or recommended to everyone. */
  readonly usual?: true
  /** Puts other passages in the place of what was found: judged by what a context holds alone. */
  readonly widens?: true
  /** Of the context; the library's where it is absent. */
  readonly duplicates?: number | false
}

/** A cross-encoder reads so many passages: it is the one slow stage here. */
const pairs = 10

/** Each stage over the same hybrid search, with the library's defaults, and two pipelines of several. */
export function stagesOf({ filled, nested, embedder, crossEncoder }: StageParts): readonly Stage[] {
  const { set, store, chunks } = filled
  const analyzer = analyzerFor(set.language)
  const lexical = lexicalRetriever({ store })
  const dense = denseRetriever({ store, embedder })
  const hybrid = hybridRetriever([dense, lexical])
  const vocabulary = bm25Index({ analyzer: englishAnalyzer({ stem: false }) })
  for (const [ordinal, { text }] of chunks.entries()) vocabulary.set(ordinal, text)
  const glossary = abbreviationsIn(set.documents.map(({ text }) => text))
  const withWords = (retriever: Retriever) => spellingRetriever(retriever, { vocabulary })
  const withForms = (retriever: Retriever) =>
    Object.keys(glossary).length === 0 ? retriever : synonymRetriever(retriever, { glossary })
  const late = lateInteractionReranker({ tokens: embedder, maxCachedBytes: 2 ** 27 })
  const titles = featureReranker({
    features: [{ feature: fieldMatchFeature({ name: 'title', textOf: titleOf }), weight: 0.2 }],
  })
  const mmr = mmrReranker({ embedder })
  const documentOf = async (id: string) => set.documents.find((document) => document.id === id)!
  const stages: Stage[] = [
    { name: 'lexical', retriever: lexical },
    { name: 'hybrid', retriever: hybrid, base: 'lexical', usual: true },
    { name: 'normalised', retriever: normalizedRetriever(hybrid), usual: true },
    { name: 'spelling', retriever: withWords(hybrid) },
    { name: 'abbreviations', retriever: withForms(hybrid) },
    { name: 'RM3', retriever: hybridRetriever([dense, feedbackRetriever(lexical, { analyzer })]) },
    {
      name: 'Rocchio',
      retriever: hybridRetriever([dense, feedbackRetriever(lexical, { analyzer, method: 'rocchio' })]),
    },
    { name: 'late interaction', retriever: reranked(hybrid, late), usual: true },
    { name: 'titles', retriever: reranked(hybrid, titles) },
    { name: 'MMR', retriever: reranked(hybrid, mmr) },
  ]
  const model = crossEncoder && crossEncoderReranker({ model: crossEncoder })
  if (model) stages.push({ name: 'cross-encoder', retriever: headReranked(hybrid, model), usual: true })
  if (nested) {
    stages.push(
      { name: 'duplicates shown', retriever: hybrid, duplicates: false, widens: true },
      { name: 'duplicates merged', retriever: hybrid, base: 'duplicates shown', widens: true, usual: true },
      { name: 'near-duplicates merged', retriever: hybrid, duplicates: 0.8, widens: true },
    )
    stages.push({ name: 'neighbours', retriever: neighborRetriever(hybrid, { store }), widens: true })
    const small = hybridRetriever([
      denseRetriever({ store: nested.store, embedder }),
      lexicalRetriever({ store: nested.store }),
    ])
    const base = 'nested'
    stages.push(
      { name: base, retriever: small, widens: true },
      { name: 'windows', retriever: windowRetriever(small, { documentOf }), base, widens: true },
      { name: 'auto-merge', retriever: autoMergeRetriever(small, { documentOf }), base, widens: true },
    )
  }
  const found = withForms(
    withWords(normalizedRetriever(hybridRetriever([dense, feedbackRetriever(lexical, { analyzer })]))),
  )
  const ordered = reranked(reranked(reranked(found, late), titles), mmr)
  const safe = reranked(normalizedRetriever(hybrid), late)
  stages.push({
    name: 'usual ones together',
    retriever: model ? headReranked(safe, model) : safe,
    usual: true,
  })
  stages.push({ name: 'all together', retriever: model ? headReranked(ordered, model) : ordered })
  return stages
}

function titleOf({ metadata, headings }: Chunk): string {
  return typeof metadata.title === 'string' && metadata.title !== '' ? metadata.title : headings.join(' ')
}

/** The head of a list in a new order, and the rest of it as it was: few passages are read, recall stays. */
export function headReranked(retriever: Retriever, reranker: Reranker, head = pairs): Retriever {
  return {
    name: reranker.name,
    async retrieve(query, options) {
      const hits = await retriever.retrieve(query, options)
      const first = await reranker.rerank(query, hits.slice(0, head))
      return [...first, ...hits.slice(head)]
    },
  }
}
