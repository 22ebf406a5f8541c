import { describe, expect, it } from '@jest/globals'
import { startProgress } from '../src/progress.ts'

/** Progress that is written, with a clock that a test sets. */
function written(kind: 'lines' | 'json' | 'none', total?: number) {
  const clock = { now: 0 }
  const lines: string[] = []
  const write = (text: string) => void lines.push(text)
  const progress = startProgress(kind, write, { label: 'Copying', total }, () => clock.now)
  return { clock, lines, progress }
}

describe('startProgress', () => {
  it('writes a line each ten seconds, and one in the end, with rate and time left', () => {
    const { clock, lines, progress } = written('lines', 4000)

    for (const [now, done] of [
      [1000, 100],
      [10_000, 1000],
      [11_000, 1100],
      [40_000, 4000],
    ] as const) {
      clock.now = now
      progress.update({ done, bytes: done * 1000 })
    }
    progress.stop()

    expect(lines).toEqual([
      'Copying: 1,000 of 4,000 files, 1 MB, 100/s, 30s left\n',
      'Copying: 4,000 of 4,000 files, 4 MB, 100/s\n',
    ])
  })

  it('writes the last state if nothing was written before', () => {
    const { clock, lines, progress } = written('lines')

    clock.now = 500
    progress.update({ done: 3, note: '2 values' })
    progress.stop()

    expect(lines).toEqual(['Copying: 3 files, 6/s, 2 values\n'])
  })

  it('writes objects for machines', () => {
    const { clock, lines, progress } = written('json', 10)

    clock.now = 2000
    progress.update({ done: 5 })
    progress.stop()

    expect(lines).toEqual([
      '{"event":"progress","label":"Copying","done":5,"total":10,"rate":2.5,"left":2000}\n',
    ])
  })

  it('writes nothing if it is to be quiet', () => {
    const { lines, progress } = written('none')

    progress.update({ done: 5 })
    progress.stop()

    expect(lines).toEqual([])
  })
})
