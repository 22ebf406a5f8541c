import { receiveFiles } from '@filedepot/http'
import { dataSource, Recipe } from '../../recipes.js'

export async function POST(request) {
  const form = await receiveFiles(request, { photo: { maxSize: 1_000_000 } })
  try {
    const source = await dataSource()
    const recipe = await source.transaction(async (manager) => {
      const saved = await manager.save(Recipe, { name: form.get('name'), photo: form.file('photo') ?? null })
      if (form.get('fail') !== undefined) throw new Error('on purpose')
      return saved
    })
    return Response.json({ id: recipe.id, url: recipe.photo?.url }, { status: 201 })
  } catch (error) {
    return Response.json({ message: error.message }, { status: 409 })
  } finally {
    await form.discard()
  }
}
