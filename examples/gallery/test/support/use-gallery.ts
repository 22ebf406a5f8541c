import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { filesOnDisk, Rows } from './kept.ts'
import type { TestFile } from './pictures.ts'
import { startGallery, type RunningGallery } from './running-gallery.ts'
import { visitorOf, type Visitor } from './visitor.ts'

/** What the tests of a file have in common. */
export interface GalleryOfTests {
  readonly url: string
  readonly rows: Rows
  onDisk(): Promise<string[]>
  visit(options?: BrowserContextOptions): Promise<Visitor>
  /** Paths of files with these contents: a browser gets a large one so much faster than through its protocol. */
  paths(files: readonly TestFile[]): Promise<string[]>
  /** A new album, and the address of its page. */
  album(title?: string): Promise<string>
}

/**
 * A gallery on SQLite and local disk for all tests of a file. After each of them, the files on the disk are those of
 * the rows, and the browser has had nothing to complain about that the test has not taken out of the list. The server
 * has had nothing at all.
 */
export function useGallery(): GalleryOfTests {
  let gallery: RunningGallery
  let rows: Rows
  let browser: Browser | undefined
  let folder: string
  let visitors: Visitor[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'filedepot-gallery-'))
    gallery = await startGallery({ GALLERY_DATA: folder })
    rows = new Rows({ type: 'better-sqlite3', database: join(folder, 'gallery.db') })
    browser = await launchChromium()
  }, 60_000)

  afterEach(async () => {
    const complaints = visitors.flatMap((visitor) => visitor.complaints)
    await Promise.all(visitors.map(({ page }) => page.context().close()))
    visitors = []

    expect(complaints).toEqual([])
    expect(await filesOnDisk(folder)).toEqual(await rows.files())
  })

  afterAll(async () => {
    await browser?.close()
    await rows[Symbol.asyncDispose]()
    expect(await gallery.stop()).toEqual({ code: 0, complaints: '' })
    await rm(folder, { recursive: true, force: true })
  })

  return {
    get url() {
      return gallery.url
    },
    get rows() {
      return rows
    },
    onDisk: () => filesOnDisk(folder),
    async visit(options = {}) {
      const visitor = await visitorOf(browser!, options)
      visitors.push(visitor)
      return visitor
    },
    async paths(files) {
      const uploads = await mkdtemp(join(folder, 'uploads-'))
      return await Promise.all(
        files.map(async ({ name, buffer }) => {
          await writeFile(join(uploads, name), buffer)
          return join(uploads, name)
        }),
      )
    },
    async album(title = 'Lakes') {
      const { headers } = await fetch(`${gallery.url}/albums`, {
        method: 'POST',
        body: new URLSearchParams({ title }),
        redirect: 'manual',
      })
      return gallery.url + headers.get('location')!
    },
  }
}
