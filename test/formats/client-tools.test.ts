/** Tools of Anthropic's design reach other models as functions, as long as a function can stand for them. */
import { expect, test } from 'vitest'
import { withFunctionsForDesigns } from '../../src/formats/client-tools.ts'
import type { Conversation, ToolChoice } from '../../src/formats/conversation.ts'

function standing(type: string, name: string, toolChoice?: ToolChoice) {
  const json = JSON.stringify({ type, name })
  const conversation: Conversation = {
    turns: [],
    tools: [{ kind: 'hosted', format: 'anthropic-messages', name: type, json }],
    sampling: {},
    ...(toolChoice && { toolChoice }),
  }
  const paths: string[] = []
  return { ...withFunctionsForDesigns(conversation, { approximated: path => paths.push(path) }), paths }
}

test.each([
  ['bash_20250124', 'bash', 'restart'],
  ['text_editor_20250728', 'str_replace_based_edit_tool', 'insert_text'],
  ['memory_20250818', 'memory', 'new_path'],
])('%s is a function with the arguments that its client understands', (type, name, argument) => {
  const { tools, paths } = standing(type, name)
  expect(tools).toMatchObject([{ kind: 'function', name }])
  const [tool] = tools
  expect(Object.keys(JSON.parse((tool?.kind === 'function' && tool.schema) || '{}').properties)).toContain(argument)
  expect(paths).toEqual(['tools[0]'])
})

test('a choice of such a tool is a choice of the function', () => {
  const { toolChoice } = standing('bash_20250124', 'bash', { mode: 'named', name: 'bash', kind: 'hosted' })
  expect(toolChoice).toEqual({ mode: 'named', name: 'bash', kind: 'function' })
})

test.each(['computer_20250124', 'text_editor_20250124', 'code_execution_20250825'])('nothing stands for %s', type => {
  const { tools, paths } = standing(type, 'x')
  expect(tools).toMatchObject([{ kind: 'hosted' }])
  expect(paths).toEqual([])
})
