/** How many files are named. */
const COUNT = 25

/** A Jest reporter that names the test files that took longest, so that whoever keeps the run short knows where to look. */
export default class SlowestFiles {
  #files = []

  onTestResult({ context, path }, { perfStats }) {
    const { displayName, rootDir } = context.config
    const seconds = (perfStats.end - perfStats.start) / 1000
    this.#files.push({ name: `${displayName?.name ?? ''}: ${path.slice(rootDir.length + 1)}`, seconds })
  }

  onRunComplete() {
    if (this.#files.length <= COUNT) return
    const all = this.#files.reduce((sum, { seconds }) => sum + seconds, 0)
    console.log(`\nThe ${COUNT} slowest of ${this.#files.length} test files, of ${all.toFixed(0)} s in all:`)
    const slowest = this.#files.sort((a, b) => b.seconds - a.seconds).slice(0, COUNT)
    for (const { name, seconds } of slowest) console.log(`${seconds.toFixed(0).padStart(5)} s  ${name}`)
  }
}
