import Table from 'cli-table3'

const LINES = ['top', 'bottom', 'left', 'right', 'mid'].flatMap((name) => [
  name,
  ...(name === 'mid' ? [] : [`${name}-mid`]),
])
const CORNERS = ['top-left', 'top-right', 'bottom-left', 'bottom-right', 'left-mid', 'right-mid', 'mid-mid']

/** Columns of text without lines between them. */
export function table(
  rows: readonly (readonly string[])[],
  { head, right = [] }: { head?: readonly string[]; right?: readonly number[] } = {},
): string {
  const width = Math.max(head?.length ?? 0, ...rows.map((row) => row.length))
  const made = new Table({
    ...(head && { head: [...head] }),
    chars: { ...Object.fromEntries([...LINES, ...CORNERS].map((name) => [name, ''])), middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: Array.from({ length: width }, (_, column) => (right.includes(column) ? 'right' : 'left')),
  })
  made.push(...rows.map((row) => [...row]))
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
