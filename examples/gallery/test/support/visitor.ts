/// <reference lib="dom" />
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { TestFile } from './pictures.ts'

/** Somebody with a browser, and all that the browser complained about. */
export interface Visitor {
  readonly page: Page
  /** Errors and warnings on the console, exceptions, requests that failed, and answers of an error. */
  readonly complaints: string[]
}

export async function visitorOf(browser: Browser, options: BrowserContextOptions): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page
    .on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`)
    })
    .on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
    .on('requestfailed', (request) => {
      // What was still loading when the visitor went on to the next page is not missed.
      const reason = request.failure()?.errorText ?? ''
      if (reason !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()} ${reason}`)
    })
    .on('response', (response) => {
      if (response.status() >= 400)
        complaints.push(`${response.status()}: ${new URL(response.url()).pathname}`)
    })
  return { page, complaints }
}

/** Drops files on a page, as a mouse does that brings them from a window of the desktop. */
export async function drop(page: Page, files: readonly TestFile[]): Promise<void> {
  const contents = files.map(({ name, mimeType, buffer }) => ({
    name,
    mimeType,
    base64: buffer.toString('base64'),
  }))
  await page.locator('#upload').evaluate((target, all) => {
    const dataTransfer = new DataTransfer()
    for (const { name, mimeType, base64 } of all) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      dataTransfer.items.add(new File([bytes], name, { type: mimeType }))
    }
    const init = { dataTransfer, bubbles: true, cancelable: true }
    for (const type of ['dragenter', 'dragover', 'drop']) target.dispatchEvent(new DragEvent(type, init))
  }, contents)
}

/** The widths in pixels of all pictures on the page, as their bytes have them: 0 is one that did not load. */
export async function naturalWidths(page: Page, selector: string): Promise<number[]> {
  await page.waitForFunction(
    (images) => [...document.querySelectorAll<HTMLImageElement>(images)].every(({ complete }) => complete),
    selector,
  )
  return await page
    .locator(selector)
    .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth))
}
