import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/dnsimple.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('dnsimple', harnessOf(kind));
