// A worker of BullMQ: start as many as you like. The engine gives each job to one of them.
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { once } from 'node:events'
import { close, ledger } from './invoices.ts'

const connection = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', {
  maxRetriesPerRequest: null,
})
const stop = new AbortController()
const { signal } = stop

const name = process.env.QUEUE ?? 'filedepot'
const queue = new Queue(name, { connection })
// A scheduler belongs to the queue, not to a worker. The first drain runs at once, then one a minute; a sweep each night.
await queue.upsertJobScheduler('drain', { every: 60_000 })
await queue.upsertJobScheduler('sweep', { pattern: '17 3 * * *' })

const worker = new Worker(
  name,
  async ({ name: job }) => {
    const report = job === 'drain' ? await ledger.drain({ signal }) : await ledger.sweep({ signal })
    console.log(job, JSON.stringify(report))
  },
  { connection },
)
worker.on('error', (error) => {
  console.error(error)
})
await worker.waitUntilReady()
console.log('working')

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
stop.abort()
await worker.close()
await queue.close()
connection.disconnect()
await close()
