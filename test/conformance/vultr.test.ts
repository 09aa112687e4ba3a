import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/vultr.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('vultr', harnessOf(kind));
