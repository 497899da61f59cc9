import { checkInteger } from '@tesserae/core'
import { type ModelOptions, type ModelSettings, modelSettings } from './options.js'

export interface TransformersCrossEncoderOptions extends ModelOptions {
  /** Place of the label that means relevant, for models with several. @default the only one */
  readonly label?: number | undefined
}

export interface CrossEncoderSettings extends ModelSettings {
  readonly label: number | undefined
}

export const defaultCrossEncoder = 'Xenova/ms-marco-MiniLM-L-6-v2'

export function crossEncoderSettings(options: TransformersCrossEncoderOptions): CrossEncoderSettings {
  const { label } = options
  return {
    ...modelSettings(options, defaultCrossEncoder),
    label: label === undefined ? undefined : checkInteger('label', label, 0),
  }
}
