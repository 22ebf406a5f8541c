import ts from 'typescript'

/**
 * The comments of a TypeScript file as Markdown. Each line stands on the line of the source that it is from, so that what
 * a linter finds has its right place; lines of code are empty.
 */
export function commentsOf(source) {
  const lines = source.split('\n').map(() => '')
  for (const [start, end] of commentRanges(source)) {
    const first = source.slice(0, start).split('\n').length - 1
    source
      .slice(start, end)
      .split('\n')
      .forEach((line, index) => (lines[first + index] = asMarkdown(line)))
  }
  return lines.join('\n')
}

function asMarkdown(line) {
  return line
    .replace(/^\s*(?:\/\*\*?|\*\/|\*|\/\/) ?/, '')
    .replace(/\s*\*\/\s*$/, '')
    .replace(/\{@link\s+([^}|]+?)\s*(?:\|\s*([^}]+?))?\s*\}/g, (_, target, text) => text ?? target)
    .replace(/^@/, '- @')
}

function commentRanges(source) {
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest, true)
  const ranges = new Map()
  const visit = (node) => {
    for (const range of ts.getLeadingCommentRanges(source, node.pos) ?? []) ranges.set(range.pos, range.end)
    for (const child of node.getChildren(file)) visit(child)
  }
  visit(file)
  return ranges
}
