import { fork } from 'node:child_process'
import { once } from 'node:events'
import { compare } from './harness.mjs'

/**
 * As `compare`, with a process for each contender: what filedepot does to a whole process would slow its floor as well, and
 * V8 makes the code of an ORM quicker where it sees one kind of data source only. Each child runs a batch when it gets a
 * message, and answers with the milliseconds.
 *
 * @param argumentsOf those of the child, for each contender
 */
export async function compareProcesses(script, argumentsOf, rounds) {
  const names = ['floor', 'control', 'subject']
  const children = names.map((name) => fork(script, argumentsOf[name]))
  const ask = async (child) => {
    child.send('batch')
    const [milliseconds] = await once(child, 'message')
    return milliseconds
  }
  try {
    const contenders = children.map((child) => ({ batch: () => ask(child) }))
    return await compare({
      ...Object.fromEntries(names.map((name, index) => [name, contenders[index]])),
      rounds,
    })
  } finally {
    for (const child of children) child.disconnect()
  }
}
