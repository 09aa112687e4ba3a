import { setFlagsFromString } from 'node:v8';

// A daemon that works for milliseconds a day needs no optimised code. Set before anything else runs, each is a saving of
// resident memory, measured on Node 20.20, x64; a V8 that does not know a flag ignores it.

// undici's parser is WebAssembly. Optimising it takes 10 MiB that are never given back, and no answer here is long.
setFlagsFromString('--liftoff-only');
// The young generation stays at its first size: 3 MiB that only starting would fill.
setFlagsFromString('--semi-space-growth-factor=1');
// To optimise what a storm of events makes hot takes 6 MiB that are not given back, and longer than the storm.
setFlagsFromString('--no-opt');
setFlagsFromString('--no-maglev');
// The heap grows by a third before it is collected, and not by several times.
setFlagsFromString('--optimize-for-size');
