/**
 * The part of npm koffi that is used here. Its native packages carry the whole interface; those for Windows are optional dependencies,
 * which npm leaves out on other systems. The package `koffi` itself would bring an install script and all of its sources.
 */
export interface Koffi {
  load(library: string): KoffiLibrary;
  proto(convention: string, result: string, parameters: readonly unknown[]): unknown;
  pointer(type: unknown): unknown;
  out(type: unknown): unknown;
  register(callback: (...values: readonly unknown[]) => void, type: unknown): unknown;
  unregister(callback: unknown): void;
}

export interface KoffiLibrary {
  func(convention: string, name: string, result: string, parameters: readonly unknown[]): KoffiFunction;
}

export interface KoffiFunction {
  (...values: readonly unknown[]): unknown;
  /** Runs it on another thread; the last argument is told the result. */
  async(...values: readonly unknown[]): void;
}

/** Loads the native package of this processor where it is installed. @throws whatever the loader throws where it is not. */
export async function loadKoffi(): Promise<Koffi> {
  const loaded: unknown = await import(`@koromix/koffi-${process.platform}-${process.arch}`);
  return ((loaded as { default?: unknown }).default ?? loaded) as Koffi;
}
