import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median, shuffled } from '../harness.mjs'
import { makeRow } from '../report.mjs'

const CHILD = fileURLToPath(new URL('../children/import.mjs', import.meta.url))

/** What `import '@filedepot/core'` adds to a process that does nothing. */
export function importCore({ quick }) {
  const found = { bare: [], core: [] }
  for (let round = 0; round < (quick ? 5 : 21); round++) {
    for (const name of shuffled(['bare', 'core'])) {
      found[name].push(JSON.parse(execFileSync(process.execPath, [CHILD, name])))
    }
  }
  const of = (name, key) => median(found[name].map((result) => result[key]))
  const row = (key, unit, atMost) =>
    makeRow({
      name: `import of @filedepot/core, ${unit === 'ms' ? 'time' : 'memory'}`,
      value: of('core', key) - of('bare', key),
      unit,
      goal: { atMost },
      detail: `${of('bare', key).toFixed(1)} → ${of('core', key).toFixed(1)} ${unit}`,
    })
  return [row('milliseconds', 'ms', 20), row('mebibytes', 'MiB', 5)]
}
