/// <reference lib="dom" />
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { chromium, type Browser } from 'playwright-core'
import { createFileHandler, toNodeHandler, type FileHandlerOptions } from '../../src/index.ts'
import { depotWith } from '../support/depots.ts'
import { runningServers } from '../support/servers.ts'

// What a real browser makes of the answers: a page of the application, and files on the same origin that attack it.

const started = runningServers()
const executablePath = process.env.FILEDEPOT_TEST_CHROMIUM ?? '/usr/bin/chromium'
const here = existsSync(executablePath) ? it : it.skip

let browser: Browser
beforeAll(async () => {
  if (!existsSync(executablePath)) return
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
}, 60_000)
afterAll(async () => {
  await (browser as Browser | undefined)?.close()
})

interface FileOfTest {
  readonly content: string | Buffer
  readonly contentType: string
  readonly filename?: string
}

interface Asked {
  readonly range: string | undefined
  readonly status: number
}

/** An application whose every page has this in it, and a depot with these files. */
async function application(
  contents: FileOfTest[],
  {
    html,
    csp,
    options = {},
  }: { html?: (urls: string[]) => string; csp?: string; options?: Partial<FileHandlerOptions> } = {},
) {
  const { depot, files } = await depotWith(Buffer.alloc(0))
  const urls: string[] = []
  for (const { content, ...about } of contents) {
    urls.push(depot.urlFor(files.path(await files.create(Buffer.from(content as string), about))))
  }
  const serveFile = toNodeHandler(createFileHandler(depot, { public: true, ...options }))
  const asked: Asked[] = []
  const { origin } = await started(
    createServer((request, response) => {
      const { range } = request.headers
      response.once('close', () => asked.push({ range, status: response.statusCode }))
      void serveFile(request, response, () => {
        if (csp !== undefined) response.setHeader('Content-Security-Policy', csp)
        response.setHeader('Content-Type', 'text/html')
        response.end(`<!doctype html><title>application</title>${html?.(urls) ?? ''}`)
      })
    }),
  )
  const page = await (await browser.newContext()).newPage()
  const open = (path: string) => page.goto(`${origin}${path}`, { waitUntil: 'load' })
  return { page, open, urls, asked }
}

/** The marks that scripts of files have left with the origin of the application. */
async function marks({ page, open }: Pick<Awaited<ReturnType<typeof application>>, 'page' | 'open'>) {
  await open('/check')
  return await page.evaluate(() => Object.keys(localStorage))
}

const script = (name: string) => `localStorage.setItem('${name}', 'was here')`
const html = (name: string) =>
  `<!doctype html><p>hello</p><script>${script(name)}</script><img src=x onerror="${script(name)}">`
const svg = (name: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8" onload="${script(name)}"><script>${script(name)}</script></svg>`
const DOT = Buffer.from('R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==', 'base64')

const PAGES: FileOfTest[] = [
  { content: html('HTML'), contentType: 'text/html' },
  {
    content: `<html xmlns="http://www.w3.org/1999/xhtml"><script>${script('XHTML')}</script></html>`,
    contentType: 'application/xhtml+xml',
  },
  { content: svg('SVG'), contentType: 'image/svg+xml' },
  { content: svg('XML'), contentType: 'text/xml' },
]

const ATTACKS: FileOfTest[] = [
  ...PAGES,
  { content: html('HTML that says it is text'), contentType: 'text/plain' },
  { content: html('HTML that says it is a picture'), contentType: 'image/png' },
  { content: html('HTML that says it is a video'), contentType: 'video/mp4' },
  { content: html('HTML that says nothing'), contentType: 'x' },
  { content: html('a list of types'), contentType: 'text/plain; a=b, text/html' },
]

describe('a script in a file', () => {
  here('does not run where the file is opened', async () => {
    const app = await application(ATTACKS)

    for (const url of app.urls) {
      await app.open(url).catch((error: unknown) => {
        // What is saved is no page.
        expect(String(error)).toMatch(/Download is starting|ERR_ABORTED/)
      })
    }

    expect(await marks(app)).toEqual([])
  })

  here('does not run where a page frames the file', async () => {
    const frames = (url: string) =>
      `<iframe src="${url}"></iframe><object data="${url}"></object><embed src="${url}">`
    const app = await application(ATTACKS, { html: (urls) => urls.map(frames).join('') })

    await app.open('/')

    expect(await marks(app)).toEqual([])
  })

  here('does not run where an application shows such types on purpose', async () => {
    const options = { inlineTypes: PAGES.map(({ contentType }) => contentType) }
    const app = await application(PAGES, { options })

    for (const url of app.urls) {
      await app.open(url)
      expect(await app.page.evaluate(() => self.origin)).toBe('null')
    }

    expect(await marks(app)).toEqual([])
  })

  here('would have run without all of that: the marks are seen', async () => {
    const options = {
      inlineTypes: PAGES.map(({ contentType }) => contentType),
      contentSecurityPolicy: "script-src 'unsafe-inline'",
    }
    const app = await application(PAGES, { options })

    for (const url of app.urls) await app.open(url)

    expect((await marks(app)).sort()).toEqual(['HTML', 'SVG', 'XHTML', 'XML'])
  })
})

describe('a page that trusts its own origin', () => {
  const csp = "script-src 'self'; style-src 'self'"

  here('loads no script from a file', async () => {
    const types = ['text/javascript', 'application/javascript', 'text/plain', 'image/png']
    const app = await application(
      types.map((contentType) => ({ content: script(contentType), contentType, filename: 'x.js' })),
      {
        csp,
        html: (urls) =>
          urls
            .map((url) => `<script src="${url}"></script><script type="module" src="${url}"></script>`)
            .join(''),
      },
    )

    await app.open('/')

    expect(await marks(app)).toEqual([])
  })

  here('loads no style from a file', async () => {
    const { page, open } = await application(
      [{ content: 'body { color: rgb(1, 2, 3) }', contentType: 'text/css', filename: 'x.css' }],
      { csp, html: ([url = '']) => `<link rel="stylesheet" href="${url}">` },
    )

    await open('/')

    expect(await page.evaluate(() => getComputedStyle(document.body).color)).toBe('rgb(0, 0, 0)')
  })

  here('registers no service worker from a file', async () => {
    const { page, open, urls } = await application([
      { content: script('worker'), contentType: 'text/javascript' },
    ])
    await open('/')

    const outcome = await page.evaluate(
      (url) =>
        navigator.serviceWorker.register(url).then(
          () => 'registered',
          (error: unknown) => (error as Error).name,
        ),
      urls[0]!,
    )

    expect(outcome).toBe('SecurityError')
  })
})

describe('a harmless file', () => {
  here('is shown: an SVG as a picture of a page, a text and a picture in the window', async () => {
    const app = await application(
      [
        { content: svg('SVG'), contentType: 'image/svg+xml' },
        { content: 'grüße', contentType: 'text/plain' },
        { content: DOT, contentType: 'image/gif' },
      ],
      { html: ([url = '']) => `<img src="${url}">` },
    )
    const [, text = '', dot = ''] = app.urls
    const width = () => app.page.evaluate(() => document.querySelector('img')!.naturalWidth)

    await app.open('/')
    expect(await width()).toBe(8)
    await app.open(dot)
    expect(await width()).toBe(1)
    await app.open(text)
    expect(await app.page.evaluate(() => document.body.innerText)).toBe('grüße')
    expect(await marks(app)).toEqual([])
  })

  here('is saved under its name in any script', async () => {
    const filename = '"些公"; x=\u202e.html'
    const { page, open, urls } = await application([
      { content: html('HTML'), contentType: 'text/html', filename },
    ])

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      open(urls[0]!).catch(() => undefined),
    ])

    expect(download.suggestedFilename()).toMatch(/^.些公.; x=\.html$/)
  })
})

/** Two minutes of silence, as WAV: 21 MB, more than a browser reads ahead. */
function silence(): Buffer {
  const rate = 44_100
  const size = rate * 120 * 4
  const wav = Buffer.alloc(44 + size)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + size, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(2, 22)
  wav.writeUInt32LE(rate, 24)
  wav.writeUInt32LE(rate * 4, 28)
  wav.writeUInt16LE(4, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(size, 40)
  return wav
}

describe('a <video>', () => {
  here.each(['in a page', 'opened in the window'])('seeks, %s', async (where) => {
    const { page, open, urls, asked } = await application(
      [{ content: silence(), contentType: 'audio/wav', filename: 'silence.wav' }],
      { html: ([url = '']) => `<video preload="metadata" muted src="${url}"></video>` },
    )
    await open(where === 'in a page' ? '/' : urls[0]!)

    const { duration, time } = await page.evaluate(async () => {
      const video = document.querySelector('video')!
      const until = (event: string) =>
        new Promise((resolve) => {
          video.addEventListener(event, resolve, { once: true })
        })
      if (video.readyState < 1) await until('loadedmetadata')
      video.pause()
      video.currentTime = 100
      await until('seeked')
      return { duration: video.duration, time: video.currentTime }
    })
    await page.close()

    expect({ duration, time }).toEqual({ duration: 120, time: 100 })
    const parts = asked.filter(({ status }) => status === 206)
    const starts = parts.map(({ range }) => Number(/\d+/.exec(range ?? '')?.[0]))
    expect(Math.max(...starts)).toBeGreaterThan(15_000_000)
  })
})
