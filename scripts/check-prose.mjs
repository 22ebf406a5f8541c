// Checks the English of the documentation, the doc comments and the error messages against docs/STYLE.md.
// `node scripts/check-prose.mjs FILE…` checks only these files, even if they are still listed as unchecked.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createLinter, loadTextlintrc } from 'textlint'
import { commentsOf } from './prose/comments.mjs'
import { messagesOf } from './prose/messages.mjs'

// The page of the rules shows what to avoid.
const DOCUMENTATION = /^(README\.md|docs\/(?!STYLE)[^/]+\.md|packages\/[^/]+\/README\.md)$/
const SOURCE = /^packages\/[^/]+\/src\/.*\.ts$/

const unchecked = readFileSync('scripts/prose/unchecked.txt', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

const named = process.argv.slice(2)
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
const files = (named.length > 0 ? named : tracked.trim().split('\n').filter(isChecked)).filter(
  (file) => DOCUMENTATION.test(file) || SOURCE.test(file),
)

const linter = createLinter({ descriptor: await loadTextlintrc() })
let found = 0
for (const file of files) {
  for (const text of textsOf(file)) {
    const { messages } = await linter.lintText(text, `${file}.md`)
    for (const { line, message } of messages) console.error(`${file}:${line}: ${message.split('\n')[0]}`)
    found += messages.length
  }
}
if (found > 0) {
  console.error(`${found} places that docs/STYLE.md asks to be written otherwise`)
  process.exit(1)
}
console.log(`The English of ${files.length} files keeps to docs/STYLE.md`)

function isChecked(file) {
  return !unchecked.some((start) => file.startsWith(start))
}

function textsOf(file) {
  const text = readFileSync(file, 'utf8')
  return SOURCE.test(file) ? [commentsOf(text), messagesOf(text)] : [text]
}
