export type { IndexImage } from './messages.js'
export { ManySearcher, type ManyTarget, type SearchManyOptions } from './search-many.js'
export { allImages, sharedWords, vectorTarget } from './vector-target.js'
