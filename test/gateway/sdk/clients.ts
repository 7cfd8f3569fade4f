/** The official SDKs. */
import { ANTHROPIC } from './anthropic-client.ts'
import { CHAT } from './chat-client.ts'
import type { SdkClient } from './client.ts'
import { GEMINI } from './gemini-client.ts'
import { RESPONSES } from './responses-client.ts'

export const CLIENTS: readonly SdkClient[] = [ANTHROPIC, CHAT, RESPONSES, GEMINI]
