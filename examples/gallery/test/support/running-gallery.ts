import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The gallery as a process of its own, as `npm run gallery` starts it. */
export interface RunningGallery {
  readonly url: string
  /** Resolves with the code it has ended with, and all that it has complained about. */
  stop(): Promise<{ code: number | null; complaints: string }>
}

/** Starts the built example, with these variables and none of the settings that this process happens to have. */
export async function startGallery(variables: Record<string, string | undefined>): Promise<RunningGallery> {
  const { PATH, HOME, TMPDIR } = process.env
  const app = spawn(process.execPath, [join('examples', 'gallery', 'dist', 'main.js')], {
    env: { PATH, HOME, TMPDIR, PORT: '0', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(app, 'close') as Promise<[number | null]>
  let complaints = ''
  app.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const url = await addressIn(createInterface({ input: app.stdout }), () => complaints)
  return {
    url,
    stop: async () => {
      app.kill('SIGTERM')
      const [code] = await ended
      return { code, complaints }
    },
  }
}

async function addressIn(lines: AsyncIterable<string>, complaints: () => string): Promise<string> {
  for await (const line of lines) {
    const url = /^The gallery is open at (.*)$/.exec(line)?.[1]
    if (url) return url
  }
  throw new Error(`the gallery does not open: ${complaints()}`)
}
