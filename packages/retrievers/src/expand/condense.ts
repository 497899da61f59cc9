import {
  type CallOptions,
  checkInteger,
  invalid,
  type Message,
  type Metadata,
  type RetrieveOptions,
  type Retriever,
} from '@tesserae/core'
import { type ModelOptions, modelAsker } from './ask-model.js'
import { checkExpansion, expandingRetriever } from './expanding-retriever.js'
import type { ExpandedHits, ExpandingRetriever, ExpansionOptions } from './expansion.js'
import { cleanLine, readLine, sameKey } from './model-text.js'
import { fieldOf } from './read-json.js'

export interface CondenseOptions extends ExpansionOptions, ModelOptions {
  /** Messages before the query that the model is shown, the last ones. @default 6 */
  readonly maxMessages?: number | undefined
}

export interface ConversationOptions extends RetrieveOptions {
  /** What was said before the query, oldest first. @default nothing */
  readonly history?: readonly Message[] | undefined
}

export interface ConversationRetriever<M extends Metadata = Metadata> extends ExpandingRetriever<M> {
  retrieve(query: string, options?: ConversationOptions): ReturnType<Retriever<M>['retrieve']>
  retrieveExpanded(query: string, options?: ConversationOptions): Promise<ExpandedHits<M>>
  explain(
    query: string,
    chunkId: string,
    options?: ConversationOptions,
  ): ReturnType<ExpandingRetriever<M>['explain']>
}

const instructions = `You help a search engine. Rewrite the last message of a conversation as one question that is \
understood without the conversation: put what its pronouns and omissions stand for in their place. Add nothing else. \
When it is already understood alone, repeat it word for word.`

/** Of one message; enough to know what was talked about. Code units. */
const longestMessage = 1500

/**
 * Conversational condensing: a follow-up question ("and in Canada?") becomes one that stands alone. Without `history`
 * the model is not asked. The original has a small say (`originalWeight`, 0.3 by default): alone it says little.
 */
export function condenseRetriever<M extends Metadata = Metadata>(
  retriever: Retriever<M>,
  options: CondenseOptions,
): ConversationRetriever<M> {
  const settings = checkExpansion(options, { name: 'condense', originalWeight: 0.3 })
  const maxMessages = checkInteger('maxMessages', options.maxMessages ?? 6)
  const ask = modelAsker(options, { instructions, form: '{"question": "..."}' }, settings.name)
  const plan = async (query: string, call: CallOptions, { history = [] }: ConversationOptions) => {
    checkHistory(history)
    if (history.length === 0 || query.trim() === '') return { variants: [] }
    const conversation = history.slice(-maxMessages).map(({ role, content }) => ({
      role,
      content: cleanLine(content, longestMessage),
    }))
    const text = await ask(
      { conversation, query },
      (value) => readLine(fieldOf(value, 'question'), 1000),
      call,
    )
    return { variants: sameKey(text) === sameKey(query) ? [] : [{ label: 'standalone', text }] }
  }
  return expandingRetriever<M, ConversationOptions>(retriever, plan, settings)
}

function checkHistory(history: readonly Message[]): void {
  if (!Array.isArray(history)) invalid('history', 'a list of messages', history)
  for (const [index, message] of history.entries())
    if (typeof message?.content !== 'string')
      invalid(`history[${index}].content`, 'a string', message?.content)
}
