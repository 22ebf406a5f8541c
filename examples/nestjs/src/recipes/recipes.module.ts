import { Module } from '@nestjs/common'
import { MulterModule } from '@nestjs/platform-express'
import { TypeOrmModule } from '@nestjs/typeorm'
import { Recipe } from './recipe.entity'
import { RecipesController } from './recipes.controller'
import { RecipesService } from './recipes.service'

@Module({
  imports: [
    TypeOrmModule.forFeature([Recipe]),
    // multer keeps uploads in memory, so a request may bring only so many bytes. What a photo may be, its column says.
    MulterModule.register({ limits: { fileSize: 2_000_000, files: 10 }, defParamCharset: 'utf8' }),
  ],
  controllers: [RecipesController],
  providers: [RecipesService],
})
export class RecipesModule {}
