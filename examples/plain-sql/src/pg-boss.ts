// A worker of pg-boss: start as many as you like. The engine gives each job to one of them.
import { once } from 'node:events'
import PgBoss from 'pg-boss'
import { close, ledger } from './invoices.ts'

const [DRAIN, SWEEP] = ['filedepot-drain', 'filedepot-sweep']
const stop = new AbortController()
const { signal } = stop

const boss = new PgBoss(process.env.DATABASE_URL ?? 'postgres://localhost/app')
boss.on('error', (error) => {
  console.error(error)
})
await boss.start()

for (const queue of [DRAIN, SWEEP]) {
  // One that runs too long is given to another worker; both may run, as nothing is deleted twice.
  await boss.createQueue(queue, { name: queue, retryLimit: 0, expireInSeconds: 3600 })
}
await boss.work(DRAIN, async () => {
  console.log('drain', JSON.stringify(await ledger.drain({ signal })))
})
await boss.work(SWEEP, async () => {
  console.log('sweep', JSON.stringify(await ledger.sweep({ signal })))
})
// A schedule belongs to the database, not to a worker: one job a minute, and one a night.
await boss.schedule(DRAIN, '* * * * *')
await boss.schedule(SWEEP, '17 3 * * *')
// What was discarded while no worker ran does not wait for the next minute.
await boss.send(DRAIN, {})
console.log('working')

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
stop.abort()
await boss.stop({ graceful: true, wait: true })
await close()
