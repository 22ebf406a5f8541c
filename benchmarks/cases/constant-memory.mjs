import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { makeRow } from '../report.mjs'

const CHILD = fileURLToPath(new URL('../children/constant-memory.mjs', import.meta.url))

/** How much a process grows while it stores 2 GiB. */
export function constantMemory({ quick, scratch }) {
  const mebibytes = quick ? 256 : 2048
  const output = execFileSync(process.execPath, ['--expose-gc', CHILD, scratch.folder(), String(mebibytes)])
  const { growth, baseline } = JSON.parse(output)
  return [
    makeRow({
      name: `local put, ${mebibytes} MiB stream, growth of memory`,
      value: growth,
      unit: 'MiB',
      goal: { atMost: 64 },
      detail: `${baseline.toFixed(0)} → ${(baseline + growth).toFixed(0)} MiB RSS`,
    }),
  ]
}
