import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { wholeChunker } from '@tesserae/chunkers'
import { type Embedder, type Hit, ingest, type Retriever } from '@tesserae/core'
import {
  compare,
  type Evaluation,
  evaluate,
  ndcgAt,
  precisionOverRanks,
  type RetrievalDataset,
  summarize,
} from '@tesserae/evaluation'
