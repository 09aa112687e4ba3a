import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/linode.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('linode', harnessOf(kind));
