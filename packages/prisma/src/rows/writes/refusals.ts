import { FiledepotError } from '@filedepot/core'

export const OPEN_IT =
  'To set a role or a variable, open the transaction yourself: prisma.$transaction(async (tx) => { await tx.$executeRaw`…`; ' +
  'await tx.user.update(…) })'

export const ADD_BEFORE =
  'Add an extension that replaces an operation before filedepot(): ' +
  'client.$extends(softDelete).$extends(filedepot(…))'

export function wouldWait({ name }: { readonly name: string }, what: string, way: string): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `Cannot run ${what} of an extension within ${name}: filedepot has locked the rows of ${name} in a transaction without ` +
      `${what}, so the two would wait for each other. ${way}`,
  )
}

export function sentAgain({ name }: { readonly name: string }, what: string): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `Cannot run ${what} of an extension within ${name}: it sends the files of ${name} again, in another transaction, and ` +
      `filedepot does not learn its outcome. ${OPEN_IT}. ${ADD_BEFORE}`,
  )
}

export function sentTwice(name: string): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `Cannot send ${name} twice: an extension has called query(args) again after it has succeeded. Two rows would have the ` +
      'same files. Call the operation of the client for another row, with files of its own',
  )
}

export function sentLate(name: string): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `Cannot send ${name} now: it has already failed, and its files are deleted. In an extension, wait for query(args) before ` +
      'the operation ends',
  )
}
