import { fixedChunker, recursiveChunker, sentenceChunker, structuralChunker } from '@tesserae/chunkers'
import { type TiktokenEncoding, tiktokenTokenizer } from '@tesserae/chunkers/tiktoken'
import type { Chunker } from '@tesserae/core'
import { parseDocument } from '@tesserae/loaders'
import { markdownFormat } from '@tesserae/loaders/markdown'
import { loadPeer } from '../harness/peers.js'

export type Count = (text: string) => number

/** What is used of each peer, typed here: the peers are installed apart and only when a benchmark runs. */
interface TiktokenModule {
  get_encoding(name: string): {
    encode_ordinary(text: string): Uint32Array
    decode_single_token_bytes(token: number): Uint8Array
  }
}
interface GptTokenizerModule {
  countTokens(text: string, options: { disallowedSpecial: Set<string> }): number
}
interface JsTiktokenModule {
  Tiktoken: new (
    ranks: unknown,
  ) => { encode(text: string, allowed: string[], disallowed: string[]): number[] }
}
type LangChainSplitter = new (options: {
  chunkSize: number
  chunkOverlap: number
  lengthFunction: (text: string) => number
}) => { splitText(text: string): Promise<string[]> }
interface LangChainModule {
  RecursiveCharacterTextSplitter: LangChainSplitter
  MarkdownTextSplitter: LangChainSplitter
}
interface MastraModule {
  MDocument: {
    fromMarkdown(text: string): {
      chunk(
        options: object,
      ): Promise<readonly { readonly text: string; readonly metadata: { readonly startIndex?: number } }[]>
    }
  }
}
interface ChonkieChunker {
  chunk(text: string): Promise<readonly { text: string; startIndex: number; endIndex: number }[]>
}
interface ChonkieFactory {
  create(options: { tokenizer: object; chunkSize: number }): Promise<ChonkieChunker>
}
interface ChonkieModule {
  RecursiveChunker: ChonkieFactory
  SentenceChunker: ChonkieFactory
  TokenChunker: ChonkieFactory
}

async function tiktoken(encoding: string) {
  return (await loadPeer<TiktokenModule>('tiktoken')).get_encoding(encoding)
}

/** Number of tokens of `encode_ordinary`: special tokens are text. */
export const counters: { readonly [subject: string]: (encoding: TiktokenEncoding) => Promise<Count> } = {
  tesserae: async (encoding) => {
    const tokenizer = await tiktokenTokenizer(encoding)
    return (text) => tokenizer.count(text)
  },
  'tesserae ends': async (encoding) => {
    const tokenizer = await tiktokenTokenizer(encoding)
    return (text) => tokenizer.ends(text).length
  },
  'gpt-tokenizer': async (encoding) => {
    const { countTokens } = await loadPeer<GptTokenizerModule>(`gpt-tokenizer/encoding/${encoding}`)
    const options = { disallowedSpecial: new Set<string>() }
    return (text) => countTokens(text, options)
  },
  tiktoken: async (encoding) => {
    const encoder = await tiktoken(encoding)
    return (text) => encoder.encode_ordinary(text).length
  },
  'js-tiktoken': async (encoding) => {
    const { Tiktoken } = await loadPeer<JsTiktokenModule>('js-tiktoken/lite')
    const { default: ranks } = await loadPeer<{ default: unknown }>(`js-tiktoken/ranks/${encoding}`)
    const encoder = new Tiktoken(ranks)
    return (text) => encoder.encode(text, [], []).length
  },
}

/** A chunk of a peer: its text, and where the peer says it is, if it says. */
export interface Made {
  readonly text: string
  readonly start?: number | undefined
  readonly end?: number | undefined
}
export type Chunk = (text: string) => Promise<readonly Made[]>

function ours(make: (options: Options) => Chunker): (maxTokens: number) => Promise<Chunk> {
  return async (maxTokens) => {
    const chunker = make({ maxTokens, tokenizer: await tiktokenTokenizer() })
    return async (text) => {
      const spans = await chunker.split({ id: 'document', text, marks: [], metadata: {} })
      return spans.map(({ start, end }) => ({ text: text.slice(start, end), start, end }))
    }
  }
}
interface Options {
  readonly maxTokens: number
  readonly tokenizer: Awaited<ReturnType<typeof tiktokenTokenizer>>
}

function chonkie(name: keyof ChonkieModule): (maxTokens: number) => Promise<Chunk> {
  return async (chunkSize) => {
    const module = await loadPeer<ChonkieModule>('@chonkiejs/core')
    const encoder = await tiktoken('cl100k_base')
    const utf8 = new TextDecoder()
    const decode = (tokens: readonly number[]) =>
      utf8.decode(Buffer.concat(tokens.map((token) => encoder.decode_single_token_bytes(token))))
    const tokenizer = {
      countTokens: (text: string) => encoder.encode_ordinary(text).length,
      encode: (text: string) => Array.from(encoder.encode_ordinary(text)),
      decode,
      decodeBatch: (batch: readonly (readonly number[])[]) => batch.map(decode),
    }
    const chunker = await module[name].create({ tokenizer, chunkSize })
    return async (text) =>
      (await chunker.chunk(text)).map((chunk) => ({
        text: chunk.text,
        start: chunk.startIndex,
        end: chunk.endIndex,
      }))
  }
}

function langchain(name: keyof LangChainModule): (maxTokens: number) => Promise<Chunk> {
  return async (chunkSize) => {
    const module = await loadPeer<LangChainModule>('@langchain/textsplitters')
    const encoder = await tiktoken('cl100k_base')
    const lengthFunction = (text: string) => encoder.encode_ordinary(text).length
    const splitter = new module[name]({ chunkSize, chunkOverlap: 0, lengthFunction })
    return async (text) => (await splitter.splitText(text)).map((chunk) => ({ text: chunk }))
  }
}

/** Options for a number of tokens, with the offsets of chunks where the strategy tells them. */
function mastra(
  optionsFor: (maxTokens: number, count: Count) => object,
): (maxTokens: number) => Promise<Chunk> {
  return async (maxTokens) => {
    const { MDocument } = await loadPeer<MastraModule>('@mastra/rag')
    const encoder = await tiktoken('cl100k_base')
    const options = optionsFor(maxTokens, (text) => encoder.encode_ordinary(text).length)
    return async (text) => {
      const chunks = await MDocument.fromMarkdown(text).chunk(options)
      return chunks.map(({ text: chunk, metadata: { startIndex: start } }) => ({
        text: chunk,
        start,
        end: start === undefined ? undefined : start + chunk.length,
      }))
    }
  }
}

/** Chunkers at a number of cl100k tokens, without overlap, with the defaults of each otherwise. */
export const chunkers: { readonly [subject: string]: (maxTokens: number) => Promise<Chunk> } = {
  'tesserae recursive': ours(recursiveChunker),
  'tesserae fixed': ours(fixedChunker),
  'tesserae sentence': ours(sentenceChunker),
  'chonkie recursive': chonkie('RecursiveChunker'),
  'chonkie sentence': chonkie('SentenceChunker'),
  'chonkie token': chonkie('TokenChunker'),
  'tesserae markdown': async (maxTokens) => {
    const chunker = structuralChunker({ maxTokens, tokenizer: await tiktokenTokenizer() })
    const format = markdownFormat()
    const utf8 = new TextEncoder()
    return async (text) => {
      const document = await parseDocument({ bytes: utf8.encode(text), uri: 'document.md' }, { format })
      const spans = await chunker.split(document)
      // A byte order mark is no text: offsets count from behind it.
      const mark = text.length - document.text.length
      return spans.map(({ start, end }) => ({
        text: document.text.slice(start, end),
        start: start + mark,
        end: end + mark,
      }))
    }
  },
  'langchain recursive': langchain('RecursiveCharacterTextSplitter'),
  'langchain markdown': langchain('MarkdownTextSplitter'),
  'mastra markdown': mastra((maxSize, lengthFunction) => ({
    strategy: 'markdown',
    maxSize,
    overlap: 0,
    lengthFunction,
    addStartIndex: true,
  })),
  'mastra semantic-markdown': mastra((joinThreshold) => ({
    strategy: 'semantic-markdown',
    joinThreshold,
    encodingName: 'cl100k_base',
  })),
}
