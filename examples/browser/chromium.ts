import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** The Chromium that `CHROMIUM` names, or one in a usual place; undefined where there is none. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM
  return named === undefined || named === '' ? usualPlaces.find((path) => existsSync(path)) : named
}

/** What a suite that needs a browser is called where it is skipped. */
export const withoutChromium = 'skipped without Chromium: install it, or name its program in CHROMIUM'

/** Starts it without a window. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error(`There is no Chromium here (${withoutChromium}).`)
  return chromium.launch({ executablePath })
}
