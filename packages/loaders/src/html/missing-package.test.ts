import { expect, it, vi } from 'vitest'
import { htmlFormat } from './index.js'

vi.mock('cheerio/slim', () => {
  throw new Error("Cannot find package 'cheerio'")
})

it('says which package to install', async () => {
  const bytes = new TextEncoder().encode('<p>x')
  await expect(htmlFormat().parse({ bytes, uri: 'a.html' })).rejects.toMatchObject({
    code: 'unsupported',
    details: { package: 'cheerio' },
    message: expect.stringContaining('npm install cheerio'),
  })
})
