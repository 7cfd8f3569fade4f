import { join } from 'node:path'
import { type Client, FAKE_KEY } from '../client.ts'

export const codex: Client = {
  name: 'codex',
  packages: ['@openai/codex'],
  // The model's name decides the tools: functions and a group; with a free-text tool; all of them in the input.
  variants: ['some-model', 'gpt-5.5', 'gpt-6-sol'],
  command: ({ base, folder, home, work, variant, prompt }) => ({
    argv: [
      join(folder, 'node_modules/.bin/codex'),
      'exec',
      '--json',
      '--skip-git-repo-check',
      '--dangerously-bypass-approvals-and-sandbox',
      '-C',
      work,
      prompt,
    ],
    env: { CODEX_HOME: join(home, '.codex'), SLUICE_KEY: FAKE_KEY },
    files: { [join(home, '.codex/config.toml')]: settings(base, variant) },
  }),
}

function settings(base: string, model: string): string {
  return `
model = "${model}"
model_provider = "sluice"
web_search = "disabled"
check_for_update_on_startup = false

[model_providers.sluice]
name = "Sluice"
base_url = "${base}/v1"
env_key = "SLUICE_KEY"
wire_api = "responses"

[analytics]
enabled = false
`
}
