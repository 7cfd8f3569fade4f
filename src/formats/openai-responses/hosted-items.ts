/** Calls and results of tools that the provider, or a client of its design, runs: kept whole. */
import type { JsonDocument } from '../../json/document.ts'
import type { HostedToolPart, Turn } from '../conversation.ts'
import { isClientRun } from './client-search.ts'
import { type Fields, stringOf } from './fields.ts'
import type { DecodedItem } from './item-decode.ts'
import { FORMAT } from './name.ts'

type Phase = HostedToolPart['phase']

interface Kind {
  readonly tool: string
  readonly phase: Phase
  readonly role: Turn['role']
}

const KINDS: Readonly<Record<string, Kind>> = {
  web_search_call: { tool: 'web_search', phase: 'both', role: 'assistant' },
  file_search_call: { tool: 'file_search', phase: 'both', role: 'assistant' },
  code_interpreter_call: { tool: 'code_interpreter', phase: 'both', role: 'assistant' },
  image_generation_call: { tool: 'image_generation', phase: 'both', role: 'assistant' },
  mcp_list_tools: { tool: 'mcp', phase: 'both', role: 'assistant' },
  mcp_call: { tool: 'mcp', phase: 'both', role: 'assistant' },
  mcp_approval_request: { tool: 'mcp', phase: 'call', role: 'assistant' },
  mcp_approval_response: { tool: 'mcp', phase: 'result', role: 'tool' },
  computer_call: { tool: 'computer', phase: 'call', role: 'assistant' },
  computer_call_output: { tool: 'computer', phase: 'result', role: 'tool' },
  shell_call: { tool: 'shell', phase: 'call', role: 'assistant' },
  shell_call_output: { tool: 'shell', phase: 'result', role: 'tool' },
  local_shell_call: { tool: 'local_shell', phase: 'call', role: 'assistant' },
  local_shell_call_output: { tool: 'local_shell', phase: 'result', role: 'tool' },
  apply_patch_call: { tool: 'apply_patch', phase: 'call', role: 'assistant' },
  apply_patch_call_output: { tool: 'apply_patch', phase: 'result', role: 'tool' },
  tool_search_call: { tool: 'tool_search', phase: 'call', role: 'assistant' },
  tool_search_output: { tool: 'tool_search', phase: 'result', role: 'assistant' },
  program: { tool: 'programmatic_tool_calling', phase: 'call', role: 'assistant' },
  program_output: { tool: 'programmatic_tool_calling', phase: 'result', role: 'assistant' },
}

/** An item of any type that has no canonical form; of an unknown one nothing but its type is looked at. */
export function decodeHostedItem(document: JsonDocument, item: Fields): DecodedItem {
  const type = stringOf(item.type) ?? 'item'
  const json = document.textOf(item)
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined
  if (kind === undefined) {
    const role = type === 'compaction_trigger' ? 'developer' : 'assistant'
    return { role, parts: [{ type: 'opaque', format: FORMAT, label: type, json }] }
  }
  const callId = stringOf(item.call_id) ?? stringOf(item.approval_request_id)
  const id = stringOf(item.id)
  return {
    // What the client has found, it gives back like the result of any call.
    role: kind.phase === 'result' && isClientRun(item) ? 'tool' : kind.role,
    parts: [
      {
        type: 'hosted-tool',
        tool: kind.tool,
        phase: kind.phase,
        format: FORMAT,
        json,
        ...(id === undefined ? {} : { id }),
        ...(callId === undefined ? {} : { callId }),
      },
    ],
  }
}
