export { type ExplainableRetriever, explainHit, explainQuery, isExplainable } from '@tesserae/core'
