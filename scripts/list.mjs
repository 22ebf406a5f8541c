import { readdirSync, readFileSync } from 'node:fs'
import { messagesOf } from './prose/messages.mjs'
for (const pkg of process.argv.slice(2))
  for (const f of readdirSync(`packages/${pkg}/src`, { recursive: true })) {
    if (!f.endsWith('.ts')) continue
    messagesOf(readFileSync(`packages/${pkg}/src/${f}`, 'utf8'))
      .split('\n')
      .forEach((l, i) => l && console.log(`${pkg}/${f}:${i + 1}: ${l}`))
  }
