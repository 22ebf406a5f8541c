import type { ClientStep } from './program.ts'
import { BROKEN, type RowContent, type RowWriter } from './row-driver.ts'

/**
 * Runs one step of a client.
 *
 * @param newContent makes a content that no other row has had
 */
export async function runStep(rows: RowWriter, step: ClientStep, newContent: () => string): Promise<void> {
  switch (step.do) {
    case 'save':
      await rows.save(new Map(step.rows.map((row) => [row, newContent()])))
      break
    case 'saveBroken': {
      const contents = new Map<string, RowContent>(step.rows.map((row) => [row, newContent()]))
      for (const row of step.rows.slice(-1)) contents.set(row, BROKEN)
      // A program that continues after such an error must not touch what came before it.
      await rows.save(contents).catch(() => undefined)
      break
    }
    case 'remove':
      await rows.remove(step.row)
      break
    case 'removeAll':
      await rows.removeAll(step.rows)
      break
    case 'clearAll':
      await rows.clearAll(step.rows)
      break
    case 'move':
      await rows.move(step.row, step.to)
  }
}
