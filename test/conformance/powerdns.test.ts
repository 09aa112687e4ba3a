import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/powerdns.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('powerdns', harnessOf(kind));
