// Makes the small table out of the full one: `node packages/models/scripts/small-table.mjs`, after a build.
import { readFileSync, writeFileSync } from 'node:fs'
import { smallerTable, smallTableOptions } from '../dist/static/smaller-table.js'

const data = new URL('../data/', import.meta.url)
const small = smallerTable(readFileSync(new URL('static-en-384.bin', data)), smallTableOptions)
writeFileSync(new URL('static-en-256.bin', data), small)
process.stdout.write(`static-en-256.bin ${small.length} bytes\n`)
