// For the command line: npx filedepot doctor
import 'reflect-metadata'
import { defineConfig } from 'filedepot'
import { openGallery } from './dist/open-gallery.js'

const { dataSource, depot } = await openGallery(process.env)

export default defineConfig({ depot, database: dataSource })
