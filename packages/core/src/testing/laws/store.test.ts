import { describe, expect, it } from 'vitest'
import { fakeStore } from '../fakes/store.js'
import { type StoreLawOptions, storeLaws } from './store.js'

const everything: StoreLawOptions = { vector: 8, text: true, reopen: (store) => store }

describe('storeLaws hold for the fake store', () => {
  for (const law of storeLaws(() => fakeStore({ dimensions: 8 }), everything)) it(law.name, () => law.run())
})
expect(1).toBe(1)
