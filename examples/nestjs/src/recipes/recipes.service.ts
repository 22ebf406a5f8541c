import { parse } from 'node:path'
import type { StoredFile, UploadedFile } from '@filedepot/core'
import { Injectable, NotFoundException } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { DataSource, Repository } from 'typeorm'
import { Recipe } from './recipe.entity'

@Injectable()
export class RecipesService {
  constructor(
    @InjectRepository(Recipe) private readonly recipes: Repository<Recipe>,
    private readonly dataSource: DataSource,
  ) {}

  async create(name: string, photo: UploadedFile): Promise<Recipe> {
    return await this.recipes.save({ name, photo })
  }

  /** Each photo goes to the recipe that has its name, or to a new one: all of them, or none. */
  async importPhotos(photos: readonly UploadedFile[]): Promise<Recipe[]> {
    return await this.dataSource.transaction(async (manager) => {
      const recipes: Recipe[] = []
      for (const photo of photos) {
        const { name } = parse(photo.filename)
        const recipe = (await manager.findOneBy(Recipe, { name })) ?? manager.create(Recipe, { name })
        recipe.photo = photo
        recipes.push(await manager.save(recipe))
      }
      return recipes
    })
  }

  async get(id: number): Promise<Recipe> {
    const recipe = await this.recipes.findOneBy({ id })
    if (!recipe) throw new NotFoundException(`no recipe ${id}`)
    return recipe
  }

  async openPhoto(id: number): Promise<StoredFile> {
    const { photo } = await this.get(id)
    return await photo.open()
  }

  async replacePhoto(id: number, photo: UploadedFile): Promise<Recipe> {
    const recipe = await this.get(id)
    recipe.photo = photo
    return await this.recipes.save(recipe)
  }

  async remove(id: number): Promise<void> {
    await this.recipes.remove(await this.get(id))
  }
}
