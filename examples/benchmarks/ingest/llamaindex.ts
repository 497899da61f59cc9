import type { Embedder, Loaded } from '@tesserae/core'
import { loadPeer } from '../harness/peers.js'
import { vectorsOf } from './model.js'
import { batches } from './peer-input.js'
import type { System } from './system.js'

/** Documents in one `run` of the pipeline: it reads its whole document store at each, and caches what each made. */
const batchDocuments = 250

/**
 * `IngestionPipeline` with its document store, its cache and upserts: unchanged documents are left out before they are
 * split. The stores are its own in memory, the vector store a plain map without any search. Documents that are gone
 * are not looked for.
 */
export async function llamaindex(embedder: Embedder): Promise<System> {
  const { IngestionPipeline, DocStoreStrategy } = await loadPeer<Ingestion>('llamaindex/ingestion')
  const { Document, TextNode, TransformComponent } = await loadPeer<Schema>('@llamaindex/core/schema')
  const { BaseEmbedding } = await loadPeer<Embeddings>('@llamaindex/core/embeddings')
  const { KVDocumentStore } = await loadPeer<DocumentStores>('@llamaindex/core/storage/doc-store')
  const { SimpleKVStore } = await loadPeer<KeyValueStores>('@llamaindex/core/storage/kv-store')

  const vectors = new Map<string, readonly number[] | undefined>()
  const idsOfDocument = new Map<string, string[]>()
  const vectorStore = {
    async add(nodes: readonly LlamaNode[]) {
      for (const { id_, embedding, sourceNode } of nodes) {
        vectors.set(id_, embedding)
        const documentId = sourceNode?.nodeId ?? id_
        const ids = idsOfDocument.get(documentId)
        if (ids === undefined) idsOfDocument.set(documentId, [id_])
        else ids.push(id_)
      }
      return nodes.map(({ id_ }) => id_)
    },
    async delete(documentId: string) {
      for (const id of idsOfDocument.get(documentId) ?? []) vectors.delete(id)
      idsOfDocument.delete(documentId)
    },
  }
  const model = Object.assign(new BaseEmbedding(), {
    embedBatchSize: embedder.maxBatchSize,
    getTextEmbeddings: async (texts: readonly string[]) =>
      (await vectorsOf(embedder, texts)).map((vector) => Array.from(vector)),
  })
  const splitter = new TransformComponent(async (documents) =>
    documents.flatMap((document) =>
      document.text.split('\n\n').map(
        (text, place) =>
          new TextNode({
            id_: `${document.id_}#${place}`,
            text,
            metadata: document.metadata,
            relationships: { SOURCE: document.asRelatedNodeInfo() },
          }),
      ),
    ),
  )
  const pipeline = new IngestionPipeline({
    transformations: [splitter, model],
    vectorStore,
    docStore: new KVDocumentStore(new SimpleKVStore(), 'docstore'),
    docStoreStrategy: DocStoreStrategy.UPSERTS,
  })
  const run = async (source: Iterable<Loaded>): Promise<number> => {
    let written = 0
    for (const batch of batches(source, batchDocuments)) {
      const documents = batch.flatMap((loaded) => {
        if (loaded.type === 'failure') return []
        const { id, text, metadata } = loaded.document
        return [new Document({ id_: id, text, metadata })]
      })
      written += (await pipeline.run({ documents })).length
    }
    return written
  }
  return { run, changed: run, close: async () => {}, bytes: () => 0 }
}

interface LlamaNode {
  readonly id_: string
  readonly text: string
  readonly metadata: object
  readonly embedding?: readonly number[]
  readonly sourceNode?: { readonly nodeId: string }
  asRelatedNodeInfo(): object
}
interface Ingestion {
  readonly DocStoreStrategy: { readonly UPSERTS: string }
  readonly IngestionPipeline: new (
    options: object,
  ) => {
    run(options: { readonly documents: readonly object[] }): Promise<readonly unknown[]>
  }
}
interface Schema {
  readonly Document: new (fields: object) => LlamaNode
  readonly TextNode: new (fields: object) => LlamaNode
  readonly TransformComponent: new (
    transform: (nodes: readonly LlamaNode[]) => Promise<readonly LlamaNode[]>,
  ) => object
}
interface Embeddings {
  readonly BaseEmbedding: new () => object
}
interface DocumentStores {
  readonly KVDocumentStore: new (store: object, namespace: string) => object
}
interface KeyValueStores {
  readonly SimpleKVStore: new () => object
}
