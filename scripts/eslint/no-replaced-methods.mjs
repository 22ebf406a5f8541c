/** What gives an object another property, when it is called with the object as its first argument. */
const DEFINES = new Set([
  'Object.defineProperty',
  'Object.defineProperties',
  'Reflect.defineProperty',
  'Reflect.set',
])

/**
 * Forbids replacing methods: assigning a function to a member of an object that is not `this`, and what defines properties. It is on
 * for the code that works with TypeORM's objects, but for the folders `hooks/`, which do nothing else.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export default {
  meta: {
    type: 'problem',
    docs: { description: 'Methods of TypeORM are replaced in hooks/ only.' },
    messages: {
      replaced:
        'Methods of TypeORM are replaced in hooks/ only: replace this one there, and let it call what decides.',
    },
    schema: [],
  },
  create(context) {
    const { getTypeAtLocation, program } = context.sourceCode.parserServices
    const checker = program.getTypeChecker()
    const isCallable = (type) =>
      (type.isUnion() ? type.types : [type]).some((one) => one.getCallSignatures().length > 0)
    const hasMethods = (node) =>
      getTypeAtLocation(node)
        .getProperties()
        .some((property) => isCallable(checker.getTypeOfSymbol(property)))
    return {
      AssignmentExpression({ left, right }) {
        if (left.type !== 'MemberExpression' || left.object.type === 'ThisExpression') return
        if (isCallable(getTypeAtLocation(right))) context.report({ node: left, messageId: 'replaced' })
      },
      CallExpression({ callee, arguments: [target, ...sources] }) {
        const name = context.sourceCode.getText(callee)
        const assigns =
          name === 'Object.assign' && target?.type !== 'ObjectExpression' && sources.some(hasMethods)
        if (assigns || DEFINES.has(name)) context.report({ node: callee, messageId: 'replaced' })
      },
    }
  },
}
