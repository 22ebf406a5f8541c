// Makes images of a photograph some times, and prints the most memory that this process has had, in MiB.
import { readFileSync } from 'node:fs'
import { largestByHand, TASKS, uploader } from '../photographs.mjs'

const [name, task, file, folder] = process.argv.slice(2)
const run = name === 'hand' ? largestByHand : uploader(folder)
for (let time = 0; time < 5; time++) await run(readFileSync(file), TASKS[task])
console.log(process.resourceUsage().maxRSS / 1024)
