/** Names of variables of the environment whose values are secret. */
const SECRET = /SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|ACCESS_KEY|API_KEY|PRIVATE_KEY|_DSN$|URL$|URI$/i
/** Shorter values are words that stand anywhere. */
const SHORTEST = 8

/**
 * Takes secrets out of a message: values of variables of the environment, passwords in URLs, and signatures of signed URLs.
 * Drivers and services like to name what they were given.
 */
export function redact(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const secrets = Object.entries(env)
    .flatMap(([name, value]) => (SECRET.test(name) && value && value.length >= SHORTEST ? [value] : []))
    .sort((one, other) => other.length - one.length)
  const without = secrets.reduce((left, secret) => left.replaceAll(secret, '***'), text)
  return without
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'@]*:[^\s/"']*@/gi, '$1***@')
    .replace(
      /\b(password|secretAccessKey|sessionToken|private_key)(["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi,
      '$1$2***',
    )
    .replace(/([?&](?:X-Amz-|X-Goog-)?(?:Signature|Credential|Security-Token|token)=)[^\s&"']+/gi, '$1***')
}
