import { recursiveChunker } from '@tesserae/chunkers'
import { assembleContext, ingest } from '@tesserae/core'
import { directory } from '@tesserae/loaders'
import { staticEmbedder } from '@tesserae/models/static'
import { denseRetriever, hybridRetriever, lexicalRetriever, memoryStore } from '@tesserae/retrievers'

const embedder = await staticEmbedder()
const store = memoryStore({ dimensions: embedder.dimensions })
const chunker = recursiveChunker({ maxTokens: 400 })
const report = await ingest(directory('docs').load(), { chunker, embedder, store })

const retriever = hybridRetriever([denseRetriever({ store, embedder }), lexicalRetriever({ store })])
const hits = await retriever.retrieve('Who pays the deposit?', { limit: 5 })
const { text, citations } = await assembleContext(hits, { maxTokens: 2000 })

console.log(`${report.documents.written} documents\n\n${text}\n`)
for (const { marker, uri, start, end } of citations) console.log(`${marker} ${uri} ${start}-${end}`)
