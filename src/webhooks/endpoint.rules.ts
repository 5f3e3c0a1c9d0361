/** What an endpoint may be. Pure. */
import { ErrorCode, Refusal } from '../platform/errors.ts'
import { LIMITS } from '../platform/limits.ts'
import { urlRefusal } from '../outward/address.rules.ts'

/** What a command wants an endpoint to be. */
export interface EndpointWish { url: string; topics: readonly string[]; description: string }

/** Returns the first rule that the wish breaks, or null. `known` are the topics there are. */
export function refusalForEndpoint(wish: EndpointWish, known: ReadonlySet<string>, isPrivateAllowed: boolean): Refusal | null {
  const { url, topics, description } = wish
  const isLong = url.length > LIMITS.webhookUrlLengthMax
  const sentence = isLong ? `url must have at most ${LIMITS.webhookUrlLengthMax} characters.` : urlRefusal(url, isPrivateAllowed)
  if (sentence) return new Refusal(ErrorCode.INVALID, sentence, ['url'])
  if (!topics.length) return new Refusal(ErrorCode.OUT_OF_RANGE, 'topics must name at least one topic.', ['topics'])
  if (topics.some(topic => !known.has(topic))) {
    return new Refusal(ErrorCode.INVALID, 'topics must be among those that webhookTopics lists.', ['topics'])
  }
  const lengthMax = LIMITS.webhookDescriptionLengthMax
  const isText = description.length <= lengthMax && description.isWellFormed() && !description.includes('\0')
  if (isText) return null
  return new Refusal(ErrorCode.INVALID, `description must be text of at most ${lengthMax} characters.`, ['description'])
}

/** Returns the URL as it is kept: in the one form that a URL of this meaning has. */
export function plainUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url
}
