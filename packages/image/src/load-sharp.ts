import type sharp from 'sharp'

let loading: Promise<typeof sharp> | undefined

/** Loaded with the first image: it takes some 100 ms and 25 MiB. */
export async function loadSharp(): Promise<typeof sharp> {
  loading ??= import('sharp').then((module) => module.default)
  return await loading
}
