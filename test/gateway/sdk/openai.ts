import OpenAI from 'openai'
import { CLIENT_KEY } from './client.ts'

export const openai = (url: string): OpenAI => new OpenAI({ apiKey: CLIENT_KEY, baseURL: `${url}/v1`, maxRetries: 0 })
