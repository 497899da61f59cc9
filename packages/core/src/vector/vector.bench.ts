import { bench, describe } from 'vitest'
import { seededRandom } from '../testing/index.js'
import { dot, squaredDistance } from './dot.js'
import { TopK } from './top-k.js'

const dimensions = 256
const rows = 10_000
const random = seededRandom(1)
const matrix = Float32Array.from({ length: rows * dimensions }, () => random() - 0.5)
const query = matrix.slice(0, dimensions)
const scores = Float32Array.from({ length: 1_000_000 }, () => random())

describe('10,000 rows of 256 dimensions', () => {
  bench('dot', () => {
    for (let row = 0; row < rows; row++) dot(query, 0, matrix, row * dimensions, dimensions)
  })
  bench('squaredDistance', () => {
    for (let row = 0; row < rows; row++) squaredDistance(query, 0, matrix, row * dimensions, dimensions)
  })
})

describe('best of 1,000,000 scores', () => {
  for (const k of [10, 100, 1000]) {
    const top = new TopK(k)
    bench(`TopK(${k})`, () => {
      for (let ordinal = 0; ordinal < scores.length; ordinal++) top.push(ordinal, scores[ordinal]!)
      top.drain()
    })
  }
})
