import type { DepotManager } from '@filedepot/core'
import { multerStorage } from '@filedepot/http'
import { rulesOf } from '@filedepot/typeorm'
import { Module, type DynamicModule } from '@nestjs/common'
import { MulterModule } from '@nestjs/platform-express'
import { TypeOrmModule } from '@nestjs/typeorm'
import { Recipe } from './recipe.entity'
import { RecipesController } from './recipes.controller'
import { RecipesService } from './recipes.service'

@Module({})
export class RecipesModule {
  static register(depot: DepotManager): DynamicModule {
    // Photos go to the storage while they arrive. What a photo may be, its column says.
    const storage = multerStorage({ depot, ...rulesOf(Recipe, 'photo') })
    return {
      module: RecipesModule,
      imports: [
        TypeOrmModule.forFeature([Recipe]),
        MulterModule.register({ storage, limits: { files: 10 } }),
      ],
      controllers: [RecipesController],
      providers: [RecipesService],
    }
  }
}
