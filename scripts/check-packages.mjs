// Checks what would be published: publint for the manifest, attw for the types as every kind of importer sees them.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

for (const name of readdirSync('packages')) {
  const cwd = join('packages', name)
  for (const [tool, ...args] of [
    ['publint', '--strict', '--pack', 'npm'],
    ['attw', '--pack', '.'],
  ]) {
    execFileSync(resolve('node_modules', '.bin', tool), args, { cwd, stdio: 'inherit' })
  }
}
