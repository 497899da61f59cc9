import { isRagError, RagError } from '@tesserae/core'
import {
  type Library,
  type LibraryModel,
  type LibraryTokenizer,
  loadRuntime,
  type PretrainedOptions,
} from './library.js'
import type { ModelSettings } from './options.js'

export interface LoadedModel {
  readonly library: Library
  readonly tokenizer: LibraryTokenizer
  readonly model: LibraryModel
  readonly padId: number
}

/** The parts of the library that load one kind of model. */
export type ModelKind = 'AutoModel' | 'AutoModelForSequenceClassification'

/**
 * Loads tokenizer and model.
 *
 * @throws RagError `unsupported` without the peer, `load-failed` when files are missing or cannot be read.
 */
export async function loadModel(settings: ModelSettings, kind: ModelKind): Promise<LoadedModel> {
  const { library, device, sessionOptions } = await loadRuntime(settings.backend, settings.threads)
  const options: PretrainedOptions = {
    revision: settings.revision,
    local_files_only: settings.offline,
    cache_dir: settings.cacheFolder,
  }
  try {
    const [tokenizer, model] = await Promise.all([
      library.AutoTokenizer.from_pretrained(settings.source, options),
      library[kind].from_pretrained(settings.source, {
        ...options,
        dtype: settings.dataType,
        device,
        session_options: sessionOptions,
      }),
    ])
    return { library, tokenizer, model, padId: tokenizer.pad_token_id ?? 0 }
  } catch (cause) {
    if (isRagError(cause)) throw cause
    const where = settings.local ? `from the folder ${settings.source}` : 'from the hub or its cache'
    const remedy = settings.local
      ? `It must hold config.json, tokenizer.json, tokenizer_config.json and the ONNX file for "${settings.dataType}".`
      : 'Check the name, the network, and that the model has ONNX files of that data type.'
    throw new RagError(
      'load-failed',
      `The model "${settings.name}" (${settings.dataType}) must load ${where}, and that failed. ${remedy}`,
      { details: { model: settings.name, dataType: settings.dataType }, cause },
    )
  }
}

/** Model types whose positions start behind the padding id, which costs them two places. */
const shifted = ['roberta', 'xlm-roberta', 'camembert', 'mpnet', 'xlm-roberta-xl']

/** Tokens that the model reads at once, by its own files, or as asked when that is fewer. */
export function windowOf(loaded: LoadedModel, asked: number | undefined, stated?: number): number {
  const { config } = loaded.model
  const positions =
    typeof config.max_position_embeddings === 'number' ? config.max_position_embeddings : Infinity
  const lost = shifted.includes(String(config.model_type)) ? 2 : 0
  const length = loaded.tokenizer.model_max_length
  // Tokenizers without a limit say so with a number of thirty digits.
  const limit = Math.min(positions - lost, length < 1e9 ? length : Infinity)
  if (asked !== undefined) {
    if (asked > positions - lost) {
      throw new RagError(
        'invalid-argument',
        `\`maxTokens\` must be at most ${positions - lost}, the positions of this model, got ${asked}.`,
        { details: { maxTokens: asked, limit: positions - lost } },
      )
    }
    return asked
  }
  const window = Math.min(limit, stated ?? Infinity)
  if (window === Infinity) {
    throw new RagError(
      'invalid-argument',
      'This model’s files do not say how many tokens it reads. Set `maxTokens`.',
    )
  }
  return window
}
