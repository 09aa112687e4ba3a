import type { Clock } from '../../../src/model/clock.ts';

export const hostClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  boot: () => performance.now(),
};
