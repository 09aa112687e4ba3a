/**
 * Aborts when the first of `signals` does, with its reason. Unlike `AbortSignal.any`, whose signals and timeouts Node 20 lets the collector
 * take while somebody waits for them, so that a deadline never comes.
 */
export function either(...signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    else
      signal.addEventListener('abort', () => controller.abort(signal.reason), {
        once: true,
        signal: controller.signal,
      });
  }
  return controller.signal;
}
