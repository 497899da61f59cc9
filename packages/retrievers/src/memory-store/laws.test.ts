import { storeLaws } from '@tesserae/core/testing'
import { describe, it } from 'vitest'
import { memoryStore } from './store.js'

describe('memoryStore keeps the laws of a store', () => {
  for (const law of storeLaws(() => memoryStore({ dimensions: 16 }), { vector: 16, text: true })) {
    it(law.name, () => law.run())
  }
})

describe('memoryStore without vectors keeps them too', () => {
  for (const law of storeLaws(() => memoryStore(), { text: true })) it(law.name, () => law.run())
})
