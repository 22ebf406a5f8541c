import ts from 'typescript'

/** The messages of the errors that a TypeScript file makes, as Markdown, each on the line of the source that it begins on. */
export function messagesOf(source) {
  const lines = source.split('\n').map(() => '')
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest, true)
  const visit = (node) => {
    if (ts.isNewExpression(node) && /Error$/.test(node.expression.getText(file))) {
      for (const argument of node.arguments ?? []) {
        const text = textOf(argument)
        const { line } = file.getLineAndCharacterOfPosition(argument.getStart(file))
        if (text.includes(' ')) lines[line] = text
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return lines.join('\n')
}

/** A text as it is read: what is filled in is “…”, the two texts of a condition follow each other. */
function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
  }
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right)
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression)
  if (ts.isConditionalExpression(node)) return `${textOf(node.whenTrue)} ${textOf(node.whenFalse)}`
  return ''
}
