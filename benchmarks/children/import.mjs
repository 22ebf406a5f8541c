// Prints how long an import takes in a fresh process, and how much memory the process has then.
const start = performance.now()
if (process.argv[2] === 'core') await import('@filedepot/core')
else await import('./nothing.mjs')
const milliseconds = performance.now() - start
const mebibytes = process.memoryUsage.rss() / (1024 * 1024)
console.log(JSON.stringify({ milliseconds, mebibytes }))
