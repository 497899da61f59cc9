export { type ExplanationTextOptions, explanationText } from '@tesserae/core'
