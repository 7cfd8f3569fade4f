import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, FAKE_KEY } from '../client.ts'

/** An SDK has no command of its own: a script stands beside its packages and uses it. */
function sdk(name: string, packages: readonly string[], variants: readonly string[]): Client {
  return {
    name,
    packages,
    variants,
    command({ base, folder, note, variant, prompt }) {
      const script = join(folder, `${name}.mjs`)
      copyFileSync(join(import.meta.dirname, `../scripts/${name}.mjs`), script)
      return { argv: [process.execPath, script, base, variant, note, prompt], env: { SLUICE_KEY: FAKE_KEY } }
    },
  }
}

function bothWays(names: readonly string[]): readonly string[] {
  return names.flatMap(name => [`${name} whole`, `${name} stream`])
}

export const vercelAiSdk = sdk(
  'vercel-ai-sdk',
  ['ai', '@ai-sdk/openai', '@ai-sdk/anthropic', '@ai-sdk/google', '@ai-sdk/openai-compatible', 'zod'],
  bothWays(['openai', 'openai-unstored', 'openai.chat', 'openai-compatible', 'anthropic', 'google']),
)

export const langchain = sdk(
  'langchain',
  ['@langchain/core', '@langchain/openai', '@langchain/anthropic', '@langchain/google-genai', 'zod'],
  bothWays(['ChatOpenAI', 'ChatOpenAI responses', 'ChatAnthropic', 'ChatGoogleGenerativeAI']),
)

export const anthropicSdk = sdk('anthropic-sdk', ['@anthropic-ai/sdk', 'zod'], bothWays(['toolRunner']))
