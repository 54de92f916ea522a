/** For those whose webhooks are signed by the Standard Webhooks scheme; needs the package `standardwebhooks`. */
export { type StandardWebhooksOptions, standardWebhooks } from './http/standard-webhooks.ts'
