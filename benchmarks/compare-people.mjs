import { compare } from './harness.mjs'
import { peopleByHand, peopleOfDepot } from './people.mjs'

/**
 * Measures what is done with people of filedepot against the same by hand; each of the contenders has a database and a
 * folder of its own.
 *
 * @param byHand makes a contender of people whose files the program keeps itself
 * @param byDepot makes one of people whose files filedepot keeps
 */
export async function comparePeople({ scratch, rounds, byHand, byDepot }) {
  const floor = await peopleByHand(scratch.folder())
  const control = await peopleByHand(scratch.folder())
  const subject = await peopleOfDepot(scratch.folder())
  const result = await compare({
    floor: await byHand(floor),
    control: await byHand(control),
    subject: await byDepot(subject),
    rounds,
  })
  for (const { dataSource } of [floor, control, subject]) await dataSource.destroy()
  return result
}
