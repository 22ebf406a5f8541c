// Renames people whenever it is told to, whose files are kept in a folder: by hand, or by filedepot.
import { putByHand } from '../by-hand.mjs'
import { peopleByHand, peopleOfDepot, photo } from '../people.mjs'
import { renamePeople } from '../rename-people.mjs'

const [how, folder, count] = process.argv.slice(2)
const people = await (how === 'depot' ? peopleOfDepot(folder) : peopleByHand(folder))
const contender = await renamePeople(people, Number(count), how === 'depot' ? photo : () => putByHand(folder))

process.on('message', async () => {
  await contender.before()
  const start = performance.now()
  await contender.batch()
  process.send(performance.now() - start)
})
