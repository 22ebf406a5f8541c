import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

const executablePath = process.env.FILEDEPOT_TEST_CHROMIUM ?? '/usr/bin/chromium'

/** A name of this machine of which the browser does not know that it is: it trusts plain HTTP less there. */
export const PLAIN_HOST = 'gallery.example'

/** Tests that need it are skipped without it. */
export const hasChromium = existsSync(executablePath)

export async function launchChromium(): Promise<Browser | undefined> {
  if (!hasChromium) return undefined
  const names = `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', names] })
}
