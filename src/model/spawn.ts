import type { spawn } from 'node:child_process';

/** Starts a child process: Node's own function, injected so that tests can script the child. Never with a shell. */
export type Spawn = typeof spawn;
