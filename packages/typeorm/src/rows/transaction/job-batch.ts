import { setImmediate } from 'node:timers/promises'

/** Prepares something, and returns what does it: with a promise only if that takes time. */
export type Job = () => () => Promise<void> | undefined

/** So many are prepared before the first of them is done; after them, others have their turn. */
const AT_ONCE = 100

/**
 * Jobs that are begun in one go, as TypeORM calls the hooks of a save. They are prepared, and then done, right after the
 * code that is running now. System calls leave little of what the processor had at hand, so that to prepare and to
 * write files in turn takes a quarter longer.
 */
export class JobBatch {
  #jobs: Job[] = []
  #running: Promise<void> | undefined

  /** The same promise for all jobs of a batch: it rejects where one of them fails, and no other is begun then. */
  add(job: Job): Promise<void> {
    this.#jobs.push(job)
    return (this.#running ??= Promise.resolve().then(() => this.#run()))
  }

  async #run(): Promise<void> {
    const jobs = this.#jobs
    this.#jobs = []
    this.#running = undefined
    const waiting: Promise<void>[] = []
    for (let start = 0; start < jobs.length; start += AT_ONCE) {
      if (start > 0) await setImmediate()
      for (const run of jobs.slice(start, start + AT_ONCE).map((prepare) => prepare())) {
        const running = run()
        if (!running) continue
        // It may fail while the others are begun, and is heard below only after that, or never, if one of them fails.
        running.catch(() => undefined)
        waiting.push(running)
      }
    }
    await Promise.all(waiting)
  }
}
