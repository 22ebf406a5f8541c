import { describe, expect, it } from '@jest/globals'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'
import { DepotEvents } from '../../src/depot/depot-events.ts'
import { heardWarnings } from '../support/warnings.ts'

const EVENT = { paths: ['default/1'] }

describe('DepotEvents', () => {
  const warnings = heardWarnings()

  it('tells its listeners', () => {
    const events = new DepotEvents()
    const heard: unknown[] = []
    events.on('deleted', (event) => heard.push(event))
    events.once('deleted', (event) => heard.push(event))

    events.report('deleted', EVENT)
    events.report('deleted', EVENT)
    events.report('discarded', EVENT)

    expect(heard).toEqual([EVENT, EVENT, EVENT])
  })

  it('tells the channel of the same name', () => {
    const heard: unknown[] = []
    const listener = (message: unknown, name: string | symbol) => heard.push([name, message])

    subscribe('filedepot:deleted', listener)
    new DepotEvents().report('deleted', EVENT)
    unsubscribe('filedepot:deleted', listener)
    new DepotEvents().report('deleted', EVENT)

    expect(heard).toEqual([['filedepot:deleted', EVENT]])
  })

  it('is stopped by no listener that throws, and warns', async () => {
    const events = new DepotEvents()
    const heard: unknown[] = []
    events.on('deleted', () => {
      throw new Error('a bad listener')
    })
    events.on('deleted', (event) => heard.push(event))

    events.report('deleted', EVENT)
    await setImmediate()

    expect(heard).toEqual([EVENT])
    expect(warnings).toEqual(['FiledepotWarning: a listener of "deleted" threw: Error: a bad listener'])
  })

  it('is stopped by no listener that rejects, and warns', async () => {
    const events = new DepotEvents()
    const listener: () => unknown = () => Promise.reject(new Error('a bad listener'))
    events.on('deleted', () => {
      return listener()
    })

    events.report('deleted', EVENT)
    await setImmediate()

    expect(warnings).toEqual(['FiledepotWarning: a listener of "deleted" threw: Error: a bad listener'])
  })

  it('warns of a file that cannot be deleted where nobody listens', async () => {
    const events = new DepotEvents()

    events.report('deleteFailed', { path: 'default/1', error: new Error('locked') })
    events.report('deleted', EVENT)
    await setImmediate()

    expect(warnings).toEqual([
      'FiledepotWarning: cannot delete "default/1", which no row refers to: Error: locked',
    ])
  })

  it('warns of a ledger that could not do its work where nobody listens', async () => {
    const events = new DepotEvents()

    events.report('ledgerFailed', { error: new Error('no connection') })
    events.on('ledgerFailed', () => undefined)
    events.report('ledgerFailed', { error: new Error('heard') })
    await setImmediate()

    expect(warnings).toEqual([
      'FiledepotWarning: the ledger could not do its work, and tries again later: Error: no connection',
    ])
  })

  it('leaves the warning to who listens', async () => {
    const events = new DepotEvents()
    const heard: unknown[] = []
    events.on('deleteFailed', ({ path }) => heard.push(path))

    events.report('deleteFailed', { path: 'default/1', error: new Error('locked') })
    await setImmediate()

    expect(heard).toEqual(['default/1'])
    expect(warnings).toEqual([])
  })
})
