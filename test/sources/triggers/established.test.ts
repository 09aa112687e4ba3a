import { describe, expect, it } from 'vitest';
import { seconds } from '../../../src/model/duration.ts';
import { established } from '../../../src/sources/triggers/established.ts';
import { linuxEvents } from '../../../src/sources/triggers/linux-events.ts';
import { joinedNetlink } from '../../../src/sources/triggers/netlink.ts';
import { bench, ManualTime, netlinkLine } from './support.ts';

const HEAD =
  'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n' +
  netlinkLine(0, '00000000');

describe('whether a program has joined netlink groups', () => {
  const joined = (text: string) => joinedNetlink(() => text, 1117);

  it('is seen by its port and groups', () => {
    expect(joined(HEAD + netlinkLine(1117, '04000551'))).toBe(true);
  });

  it('is not while it has no socket, or one that asks for nothing, or only others have', () => {
    expect(joined(HEAD)).toBe(false);
    expect(joined(HEAD + netlinkLine(1117, '00000000'))).toBe(false);
    expect(joined(HEAD + netlinkLine(11170, '04000551') + netlinkLine(117, '04000551'))).toBe(false);
    expect(joined(HEAD + netlinkLine(1117, '04000551').replace(' 0   1117', ' 4   1117'))).toBe(false);
  });

  it('is asked for in its own network namespace, and unknown where that cannot be read', () => {
    const asked: string[] = [];
    const readFile = (path: string): string => {
      asked.push(path);
      throw new Error('EACCES');
    };
    expect(joinedNetlink(readFile, 1117)).toBeUndefined();
    expect(asked).toEqual(['/proc/1117/net/netlink']);
  });
});

describe('established', () => {
  const times = (isListening: ((pid: number) => boolean | undefined) | undefined, pid?: number) => {
    const time = new ManualTime();
    const told: string[] = [];
    const rung = isListening === undefined ? {} : { isListening };
    established(rung, pid, time).subscribe((how) => told.push(`${how} at ${time.frame}`));
    time.advance(60_000);
    expect(time.actions).toEqual([]);
    return told;
  };

  it('is told as soon as the system says so', () => {
    expect(times(() => true, 7)).toEqual(['surely at 0']);
    let looks = 0;
    const slow = () => {
      looks += 1;
      return looks > 10;
    };
    expect(times(slow, 7)).toEqual(['surely at 200']);
  });

  it('is guessed twice where the system cannot tell, or there is no pid', () => {
    const guesses = ['probably at 100', 'probably at 2000'];
    expect(times(undefined, 7)).toEqual(guesses);
    expect(times(() => undefined, 7)).toEqual(guesses);
    expect(times(() => true)).toEqual(guesses);
  });

  it('is guessed in the end where the system never says so', () => {
    expect(times(() => false, 7)).toEqual(['probably at 5100', 'probably at 7000']);
  });
});

describe('linux events, of a child that is slow to listen', () => {
  const init = { every: seconds(300), jitter: 0, poll: seconds(10) };

  it('looks once it listens and not before, however long that takes', () => {
    let groups = '00000000';
    const all = bench({ readFile: () => netlinkLine(1_000, groups) });
    linuxEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.time.advance(1_500);
    expect(all.told()).toEqual([]);
    groups = '04000551';
    all.time.advance(20);
    expect(all.told()).toEqual(['interface_event ip-monitor poll']);
    all.time.advance(10_000);
    expect(all.told()).toEqual([]);
  });

  it('looks twice where nobody can tell', () => {
    const readFile = () => {
      throw new Error('EACCES');
    };
    const all = bench({ readFile });
    linuxEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.time.advance(100);
    expect(all.told()).toEqual(['interface_event ip-monitor poll']);
    all.time.advance(10_000);
    expect(all.told()).toEqual(['interface_event ip-monitor poll']);
  });

  it.each([
    ['seen not to listen', () => ''],
    [
      'cannot be seen to listen',
      () => {
        throw new Error('EACCES');
      },
    ],
  ])('takes BusyBox that is slow to complain for hopeless all the same, where it is %s', (_, readFile) => {
    const all = bench({ readFile });
    linuxEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.child(0).complains("setpriv: unrecognized option '--pdeathsig'\n");
    all.time.advance(150);
    all.child(1).complains("ip: invalid argument 'monitor' to 'ip'\n");
    all.time.advance(3_600_000);
    expect(all.children).toHaveLength(2);
    expect(all.told().filter((trigger) => trigger.includes('source_recovered'))).toEqual([]);
  });
});
