// Loaded before the program (`node --import`): each SIGUSR2 blocks its event loop for NETDRIFT_BLOCK milliseconds.
const milliseconds = Number(process.env['NETDRIFT_BLOCK']);
process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
});
