import helmet from 'helmet'

/** Headers of all that is no upload: nothing runs or loads on a page but what comes from here, in files of its own. */
export const pageHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      baseUri: ["'none'"],
      connectSrc: ["'self'"],
      fontSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      // blob: is what a visitor has chosen and not sent yet.
      imgSrc: ["'self'", 'blob:'],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
    },
  },
  // Without any referrer, the Origin of a form would be null as well, also where it is one of our own.
  referrerPolicy: { policy: 'same-origin' },
  // What only means something with HTTPS: browsers complain of it in a network at home.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
})
