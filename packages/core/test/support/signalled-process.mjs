// A program whose storage takes its time to delete: it says what it does, one line each, and waits for a signal.
import { writeSync } from 'node:fs'
import { DepotManager, MemoryBackend } from '@filedepot/core'

const [, , way, deletion = '50'] = process.argv
const say = (text) => writeSync(1, `${text}\n`)

class Slow extends MemoryBackend {
  async delete(ids) {
    await new Promise((resolve) => setTimeout(resolve, Number(deletion)))
    return await super.delete(ids)
  }
}
const depot = new DepotManager()
depot.configure('default', new Slow())
depot.on('deleted', () => say('deleted'))
depot.on('deleteFailed', ({ error }) => say(error.code))
const id = await depot.get().create(Buffer.alloc(10))

const ignore = depot.closeOnSignals(['SIGTERM', 'SIGINT'], { timeout: 500 })
if (way === 'ignored') ignore()
if (way === 'closed') await depot.close()
if (way === 'beside') process.on('SIGTERM', () => setTimeout(() => process.exit(7), 300))
// What else keeps a server alive.
setInterval(() => undefined, 1000)
void depot.deleteFiles([`default/${id}`])
say('ready')
