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
  const children = []
  const contender = (name) => {
    const child = fork(script, argumentsOf[name])
    children.push(child)
    return { batch: () => ask(child) }
  }
  try {
    return await compare({
      floor: contender('floor'),
      control: contender('control'),
      subject: contender('subject'),
      rounds,
    })
  } finally {
    for (const child of children) child.disconnect()
  }
}

async function ask(child) {
  child.send('batch')
  const [milliseconds] = await once(child, 'message')
  return milliseconds
}
