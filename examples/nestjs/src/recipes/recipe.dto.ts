import type { Recipe } from './recipe.entity'

/** A recipe as clients see it: where its file is stored is not their business. */
export class RecipeDto {
  readonly id: number
  readonly name: string
  readonly photo: { filename: string; contentType: string; size: number | undefined; url: string }

  constructor({ id, name, photo: { filename, contentType, size } }: Recipe) {
    this.id = id
    this.name = name
    this.photo = { filename, contentType, size, url: `/recipes/${id}/photo` }
  }
}
