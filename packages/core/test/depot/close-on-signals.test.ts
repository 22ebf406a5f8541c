import { describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const PROGRAM = join(import.meta.dirname, '../support/signalled-process.mjs')

/** Runs the program, sends the signals when it is ready, and resolves with what it has said and how it ended. */
async function signalled(
  signals: NodeJS.Signals[],
  ...args: string[]
): Promise<{ said: string[]; code: number | null; signal: NodeJS.Signals | null }> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const wasReady = said.includes('ready')
    said += text
    if (wasReady || !said.includes('ready')) return
    for (const [i, signal] of signals.entries()) setTimeout(() => child.kill(signal), i * 50)
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { said: said.trim().split('\n'), code, signal }
}

describe('DepotManager.closeOnSignals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'waits for deletions before %s ends the process',
    async (signal) => {
      const ended = await signalled([signal], 'plain')

      expect(ended).toEqual({ said: ['ready', 'deleted'], code: null, signal })
    },
  )

  it('gives up after the timeout, and says so', async () => {
    const ended = await signalled(['SIGTERM'], 'plain', '60000')

    expect(ended).toEqual({ said: ['ready', 'DEPOT_CLOSED'], code: null, signal: 'SIGTERM' })
  })

  it('ends at once with the second signal', async () => {
    const ended = await signalled(['SIGTERM', 'SIGTERM'], 'plain', '400')

    expect(ended).toEqual({ said: ['ready'], code: null, signal: 'SIGTERM' })
  })

  it('lets others end the process, who listen too', async () => {
    const ended = await signalled(['SIGTERM'], 'beside')

    expect(ended).toEqual({ said: ['ready', 'deleted'], code: 7, signal: null })
  })

  it.each(['ignored', 'closed'])('listens no more when it was %s', async (way) => {
    const ended = await signalled(['SIGTERM'], way, '60000')

    expect(ended).toEqual({ said: ['ready'], code: null, signal: 'SIGTERM' })
  })
})
