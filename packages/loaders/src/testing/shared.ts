import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Folder of data sets that are measured with and not shipped; tests that need it are skipped where it is absent. */
export const sharedData: string = `${
  process.env.TESSERAE_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url))
}/data`

export const hasSharedData: boolean = existsSync(sharedData)
