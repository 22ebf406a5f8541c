import type { CommandHandler } from '../command-context.ts'

/** The ends of transactions; they begin with the first command in them. */
export const transactionCommands: Record<string, CommandHandler> = {
  commitTransaction: (_command, { transaction }) => {
    transaction?.commit()
    return { ok: 1 }
  },
  abortTransaction: (_command, { transaction }) => {
    transaction?.abort()
    return { ok: 1 }
  },
}
