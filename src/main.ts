#!/usr/bin/env node
/** The command under its old name. Prefer `sluice.js`: it takes 20 MB less (docs/decisions/018-idle-memory.md). */
import './sluice.js'
