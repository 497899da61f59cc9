import { type CallOptions, type Document, invalid, type Loaded, type Loader, RagError } from '@tesserae/core'
import { type Format, parseDocument } from './format.js'
import { checkMetadata } from './metadata.js'

/** A text that is already in memory. */
export interface TextInput {
  readonly id: string
  readonly text: string
  /** @default {} */
  readonly metadata?: Document['metadata'] | undefined
  /** What citations name. @default none */
  readonly uri?: string | undefined
}

export interface TextsOptions {
  /** Finds the structure of each text, such as `markdownFormat()`. @default none: no marks */
  readonly format?: Format | undefined
}

/**
 * Loads strings from memory. The list may be asynchronous and as long as it likes: one text is held at a time.
 * A blank text or one that the format refuses is a failure value.
 * @throws RagError from `load`: `invalid-argument` for an item that is not a text, `duplicate-id` for an id met twice.
 */
export function texts(
  inputs: Iterable<TextInput> | AsyncIterable<TextInput>,
  options: TextsOptions = {},
): Loader {
  return {
    name: 'texts',
    async *load(call: CallOptions = {}) {
      const seen = new Set<string>()
      for await (const input of inputs) {
        call.signal?.throwIfAborted()
        if (typeof input.id !== 'string' || input.id === '')
          invalid('id', 'a string that is not empty', input.id)
        if (typeof input.text !== 'string') invalid(`text of ${input.id}`, 'a string', input.text)
        if (seen.has(input.id)) {
          throw new RagError(
            'duplicate-id',
            `The text "${input.id}" is given twice. Give each text its own id.`,
            {
              details: { documentId: input.id },
            },
          )
        }
        seen.add(input.id)
        yield await loadText(input, options.format, call)
      }
    },
  }
}

async function loadText(input: TextInput, format: Format | undefined, call: CallOptions): Promise<Loaded> {
  const metadata =
    input.metadata === undefined ? {} : checkMetadata(`metadata of ${input.id}`, input.metadata)
  const uri = input.uri ?? input.id
  if (!/\S/.test(input.text)) {
    const message = `${uri}: the text holds only blanks, so there is nothing to index.`
    const error = new RagError('load-failed', message, { details: { uri, reason: 'empty' } })
    return { type: 'failure', uri, error }
  }
  if (format === undefined) {
    const { id, text } = input
    return { type: 'document', document: { id, text, marks: [], metadata, uri: input.uri } }
  }
  try {
    const bytes = new TextEncoder().encode(input.text)
    const source = { bytes, uri, charset: 'utf-8' }
    const document = await parseDocument(source, { format, id: input.id, metadata, ...call })
    // Lone surrogates do not survive the way through bytes; their places do.
    const kept =
      document.text === input.text.replace(/\p{Surrogate}/gu, '\ufffd') ? input.text : document.text
    return { type: 'document', document: { ...document, text: kept, uri: input.uri } }
  } catch (error) {
    call.signal?.throwIfAborted()
    if (error instanceof RagError) return { type: 'failure', uri, error }
    throw error
  }
}
