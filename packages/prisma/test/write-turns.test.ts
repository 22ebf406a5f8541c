import { describe, expect, it } from '@jest/globals'
import { WriteTurns } from '../src/rows/transaction/write-turns.ts'

describe('the turns of the writes of a transaction', () => {
  it('refuse a write that waits for one that does not end', async () => {
    const turns = new WriteTurns(50)
    let end: () => void = () => undefined
    const endless = turns.run(false, () => new Promise<void>((resolve) => (end = resolve)))

    await expect(turns.run(false, () => Promise.resolve())).rejects.toMatchObject({
      code: 'TURN_TIMEOUT',
      message: expect.stringContaining('Waited 50 ms for another write of the same transaction'),
    })

    end()
    await endless
  })
})
