/**
 * Does a piece of work within so many milliseconds, or gives `late()`: the work's signal is aborted then, and what it still answers is dropped,
 * even if it heeds no signal. A failure in time is passed on.
 */
export async function within<Value>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<Value>,
  late: () => Value,
): Promise<Value> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<Value>((resolve) => {
    timer = setTimeout(() => {
      // First: aborting may make the work fail within this very call, and that is no failure then.
      resolve(late());
      controller.abort(new DOMException('the deadline passed', 'TimeoutError'));
    }, milliseconds);
  });
  try {
    return await Promise.race([silence, work(controller.signal)]);
  } finally {
    clearTimeout(timer);
  }
}
