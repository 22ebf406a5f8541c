/** Removes chunks that no file names. A failure does not fail a write; the next write tries again. */
export class Cleanup {
  readonly #failed = new Set<() => Promise<void>>()
  readonly #running = new Set<Promise<void>>()

  /** Runs a task; never rejects. */
  run(task: () => Promise<void>): Promise<void> {
    const running = task().catch(() => {
      this.#failed.add(task)
    })
    this.#running.add(running)
    return running.finally(() => this.#running.delete(running))
  }

  /** Begins the tasks that failed once more. */
  retry(): void {
    const tasks = [...this.#failed]
    this.#failed.clear()
    for (const task of tasks) void this.run(task)
  }

  /** Resolves when no task is running. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
