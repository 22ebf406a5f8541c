// Draws error messages and doc comments at random, for a reader who judges them: `node scripts/draw-prose.mjs [seed] [count]`.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { commentsOf } from './prose/comments.mjs'
import { messagesOf } from './prose/messages.mjs'

const [seed = 17, count = 10] = process.argv.slice(2).map(Number)

let state = seed
/** Mulberry32, which gives the same numbers for the same seed everywhere. */
function random() {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

function draw(list) {
  return Array.from({ length: count }, () => list.splice(Math.floor(random() * list.length), 1)[0])
}

const files = execFileSync('git', ['ls-files', 'packages/*/src/*.ts'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((file) => !file.startsWith('packages/testing/'))
const messages = []
const comments = []
for (const file of files) {
  const source = readFileSync(file, 'utf8')
  messagesOf(source)
    .split('\n')
    .forEach((text, index) => text.trim() && messages.push(`${file}:${index + 1}\n  ${text}`))
  const lines = source.split('\n')
  const text = commentsOf(source).split('\n')
  lines.forEach((line, index) => {
    if (!/^\s*\/\*\*/.test(line)) return
    const end = lines.findIndex((other, at) => at >= index && other.includes('*/'))
    const block = text
      .slice(index, end + 1)
      .join(' ')
      .replace(/```[\s\S]*?```/g, '')
      .replace(/\s+/g, ' ')
      .trim()
    comments.push(`${file}:${index + 1} ${lines[end + 1]?.trim() ?? ''}\n  ${block}`)
  })
}
console.log(`Error messages\n\n${draw(messages).join('\n')}\n\nDoc comments\n\n${draw(comments).join('\n')}`)
