import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/namecheap.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('namecheap', harnessOf(kind));
