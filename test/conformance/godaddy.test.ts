import { harnessOf } from '../sinks/services/bench.ts';
import { kind } from '../sinks/services/godaddy.ts';
import { describeSinkConformance } from './suite.ts';

describeSinkConformance('godaddy', harnessOf(kind));
