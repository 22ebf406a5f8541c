// Runs once when the server starts, before the first request.
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { depot, LocalBackend } = await import('@filedepot/core')
  depot.configure('default', new LocalBackend(process.env.UPLOADS))
}
