export { type ExplainableRetriever, explainHit, isExplainable } from '@tesserae/core'
